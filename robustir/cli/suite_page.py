"""The page of a suite for ``robustir describe``: what would run, in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["suite_lines"]


def suite_lines(row: dict[str, Any], asked: str) -> Iterator[tuple[str, str]]:
    """Yield label and text of each line of the page; repeated labels are left out. asked: the suite as the user named it."""
    yield "kind", "suite"
    yield "file", row["file"]
    yield "question", row["question"]
    yield from _listed("benchmarks", [f"{one['name']}: {one['description']}" for one in row["benchmarks"]])
    yield from _listed("encoders", [_encoder(one) for one in row["encoders"]])
    yield from _listed("optional", [_encoder(one) for one in row["optional"]])
    yield from _listed("strategies", [f"{one['name']}: the encoders {one['encoders']}" for one in row["strategies"]])
    yield from _listed("noise", [_noise(one) for one in row["perturbations"]])
    yield "languages", ", ".join(row["languages"] or ()) or "all that each benchmark has"
    yield "settings", ", ".join(row["settings"] or ()) or "mono, cross and multi, as far as each benchmark has them"
    yield "queries", f"at most {row['limit']} per language" if row["limit"] else "all"
    first, *others = row["measures"]
    yield "measures", ", ".join([f"{first} (the main one)", *others])
    yield from _statistics(row)
    noisy = row["conditions"] - 2
    yield "query sets", f"{row['conditions']} per encoder and benchmark: clean, shuffled as a floor, and {noisy} noisy"
    yield from _listed("needs", [f"{path}, made by  {command}" for path, command in row["needs"].items()])
    yield "next", f"robustir plan {asked}  (what it costs), robustir run {asked}"


def _listed(label: str, texts: list[str]) -> Iterator[tuple[str, str]]:
    for number, text in enumerate(texts):
        yield ("" if number else label), text


def _encoder(row: dict[str, Any]) -> str:
    spec = "" if row["name"] == row["spec"] else f" = {row['spec']}"
    return f"{row['name']}{spec}: {row['description']}"


def _noise(row: dict[str, Any]) -> str:
    severities = ", ".join(f"{severity:g}" for severity in row["severities"])
    draws = "1 draw" if row["draws"] == 1 else f"{row['draws']} draws"
    meaning = f"; severity: {row['severity_meaning']}" if row["severity_meaning"] else ""
    what = "an attack, with a random control" if row["attack"] else row["description"].rstrip(".")
    marks = "".join(f" ({mark})" for mark in ("exploratory", "optional") if row[mark])
    return f"{row['name']}{marks} at {severities}, {draws} each: {what}{meaning}"


def _statistics(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    how = row["statistics"]
    intervals = f"{100 * how['confidence']:g} % intervals ({how['interval']} bootstrap, {how['resamples']} resamples)"
    test = f"sign flips of groups ({how['flips']})" if how["test"] == "flips" else how["test"]
    chosen = f", correction: {how['correction']}" if how["correction"] else ""
    yield "statistics", f"{intervals}, test: {test}{chosen}, seed {row['seed']}"
    if row["compare"]:
        yield "compare", ", ".join(f"{a} with {b}" for a, b in row["compare"])
    if row["exploratory"]:
        yield "claims", "exploratory: nothing is a declared hypothesis"
