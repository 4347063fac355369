"""The sections about the run itself: failed cells, methods, manifest."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from robustir.reports.blocks import Block, Cell, Column, Facts, Listing, Notice, Paragraph, Section, Table
from robustir.reports.formats import clean_text, join_words, severity_text
from robustir.reports.study import Study, value
from robustir.stats import FEW_WORTH

__all__ = ["failed_cells", "failed_section", "headline_facts", "manifest_section", "method_section"]

_SHOWN_FAILURES = 40
_INTERVALS = {"studentised": "studentised bootstrap", "percentile": "percentile bootstrap", "bca": "BCa bootstrap"}
_FOLDED = ("cells",)  # one entry per cell with two digests each: counted in the report, whole in manifest.json


def failed_cells(study: Study) -> list[tuple[str, str]]:
    """Return (cell, error) of every failed cell."""
    entries = study.manifest.get("failed") or ()
    return [(clean_text(entry.get("cell", "")), clean_text(entry.get("error", ""))) for entry in entries]


def failed_section(study: Study) -> Section:
    """Build the section on cells without a result."""
    failed = failed_cells(study)
    if not failed:
        return Section("failed-cells", "Failed cells", (Paragraph("No cell failed."),))
    rows = tuple((Cell(cell), Cell(error)) for cell, error in failed[:_SHOWN_FAILURES])
    note = f"The first {len(rows)} of {len(failed)}; manifest.json has all." if len(rows) < len(failed) else ""
    columns = (Column("Cell", number=False), Column("Error", number=False))
    blocks: tuple[Block, ...] = (
        Notice("These cells have no result; means and tests above leave them out."),
        Table("failed", "Cells that failed", columns, rows, note=note),
    )
    return Section("failed-cells", "Failed cells", blocks)


def method_section(study: Study) -> Section:
    """Build the few lines on how the numbers were made."""
    statistics = _mapping(study.suite.get("statistics"))
    confidence = float(statistics.get("confidence", 0.95))
    kinds = sorted(
        {clean_text(entry.get("group_kind", "group")) for entry in _entries(study.manifest.get("benchmarks"))} - {""}
    )
    unit = join_words(kinds) or "group"
    resamples, flips = statistics.get("resamples"), statistics.get("flips")
    band = _INTERVALS.get(str(statistics.get("interval", "studentised")), "bootstrap")
    pairs = (
        (
            "Unit of inference",
            f"the {unit}: translations of one question, and questions of one {unit}, are not independent",
        ),
        (
            "Draws",
            (
                f"{study.suite.get('draws', 'several')} per condition, averaged within each query before anything is "
                "tested"
            ),
        ),
        (
            "Intervals",
            f"{confidence * 100:g} %, {band} over groups, jointly across languages, encoders and conditions"
            + (f", {resamples} resamples" if resamples else ""),
        ),
        (
            "Tests",
            "two-sided paired randomisation test, sign flips of whole groups"
            + (f", {flips} flips" if flips else "")
            + "; p = (b + 1) / (B + 1)",
        ),
        (
            "Correction",
            "single-step max-T over each declared family (Holm for training strategies); Benjamini–Hochberg for what is labelled exploratory",
        ),
        (
            "Robustness claims",
            (
                "loss in points and in shares, both told apart after correction; “more robust” also asks that the encoder is not "
                "behind under noise and keeps no less on the queries that both find; a difference that is not significant is "
                "never called robustness"
            ),
        ),
        ("Dose", "curves and areas run over the realised share of edited words, not over the severity asked for"),
        ("Ties", "equal scores are ordered as trec_eval does; floors and rank distances use tie-averaged ranks"),
    )
    return Section("methods", "How the numbers were made", (Facts(pairs),))


def few_groups_notices(study: Study) -> tuple[str, ...]:
    """Return a sentence per benchmark whose groups of queries are too few for its intervals."""
    found = []
    for benchmark in study.benchmarks:
        rows = study.macro("scores", benchmark=benchmark)
        worth = min((value(row, "effective_groups") for row in rows), default=math.nan)
        groups = min((int(row["groups"]) for row in rows), default=0)
        if groups == 1:
            found.append(
                f"{benchmark} has one group of queries: no inference, so no interval and no test says anything."
            )
        elif worth < FEW_WORTH:
            found.append(
                f"{benchmark} has {groups} groups of queries, worth {worth:.1f} of equal size: below {FEW_WORTH:g}, intervals "
                "cover less than they say and tests find little."
            )
    return tuple(found)


def headline_facts(study: Study) -> tuple[tuple[str, str], ...]:
    """Return the few sizes shown under the title."""
    languages = {lang for benchmark in study.benchmarks for lang in study.languages(benchmark)}
    settings = dict.fromkeys(setting for benchmark in study.benchmarks for setting in study.settings(benchmark))
    counts = _mapping(study.manifest.get("counts"))
    pairs = [
        ("benchmarks", join_words(study.benchmarks, 4)),
        ("encoders", str(len(study.encoders))),
        ("perturbations", str(len(study.perturbations)) if study.perturbations or not study.attacks else ""),
        ("attacks", str(len(study.attacks)) if study.attacks else ""),
        ("severities", ", ".join(severity_text(severity) for severity in study.severities)),
        ("draws", str(study.suite.get("draws", ""))),
        ("languages", str(len(languages))),
        ("settings", ", ".join(settings)),
        ("cells", _thousands(counts.get("cells"))),
        ("texts encoded", _thousands(counts.get("texts_encoded"))),
        ("seed", str(study.suite.get("seed", ""))),
    ]
    return tuple((name, clean_text(text)) for name, text in pairs if text)


def _thousands(count: object) -> str:
    return f"{count:,}".replace(",", "\u202f") if isinstance(count, int) else ""


def manifest_section(study: Study) -> Section:
    """Build the section that lets a reader repeat the run: versions, digests and machine, then the whole manifest."""
    git = _mapping(study.manifest.get("git"))
    revision = (
        f"{str(git.get('revision', ''))[:12]}{' (with changes)' if git.get('modified') else ''}"
        if git
        else "an installed package"
    )
    machine = _mapping(study.manifest.get("machine"))
    pairs = [
        ("Created", str(study.manifest.get("created", ""))),
        ("Revision", revision),
        ("Machine", ", ".join(f"{key} {item}" for key, item in machine.items())),
        ("Versions", ", ".join(f"{key} {item}" for key, item in _mapping(study.manifest.get("versions")).items())),
        ("Seconds", ", ".join(f"{key} {item}" for key, item in _mapping(study.manifest.get("timings")).items())),
    ]
    pairs += [
        (f"Benchmark {entry.get('name', '')}", _described(entry))
        for entry in _entries(study.manifest.get("benchmarks"))
    ]
    pairs += [
        (f"Encoder {entry.get('name', '')}", _identity(entry)) for entry in _entries(study.manifest.get("encoders"))
    ]
    pairs += [(f"Perturbation {short}", spec) for short, spec in _specs(study) if short != spec]
    facts = tuple((clean_text(name), clean_text(text)) for name, text in pairs if text)
    return Section(
        "manifest", "The manifest", (Facts(facts), Listing("The whole manifest", _manifest_text(study.manifest)))
    )


def _specs(study: Study) -> Iterator[tuple[str, str]]:
    """Yield how each perturbation is called, and its spec."""
    for entry in _entries(study.manifest.get("perturbations")):
        name = clean_text(entry.get("name", ""))
        yield study.short.get(name, name), str(entry.get("spec", name))


def _identity(entry: Mapping[str, Any]) -> str:
    """Return the spec of an encoder if its name is another, and its revision."""
    spec = str(entry.get("spec", ""))
    revision = str(entry.get("revision", ""))
    return f"{spec}; revision {revision}" if spec and spec != entry.get("name") else revision


def _described(entry: Mapping[str, Any]) -> str:
    parts = [f"{entry[key]} {key}" for key in ("queries", "passages", "groups") if key in entry]
    parts += [
        f"{lang} is called {' and '.join(names)} there"
        for lang, names in _mapping(entry.get("written_languages")).items()
    ]
    parts += [str(entry[key]) for key in ("licence", "source") if entry.get(key)]
    counts = _mapping(entry.get("judgements"))
    parts += [f"{count} {name.replace('_', ' ')}" for name, count in counts.items()]
    if entry.get("digest"):
        parts.append(f"digest {str(entry['digest'])[:16]}")
    return "; ".join(parts)


def _manifest_text(manifest: Mapping[str, Any]) -> str:
    shown = {
        key: f"{len(item)} entries, in manifest.json" if key in _FOLDED and isinstance(item, list) else item
        for key, item in manifest.items()
    }
    return clean_text(json.dumps(shown, indent=2, ensure_ascii=False, default=str))


def _mapping(item: object) -> Mapping[str, Any]:
    return item if isinstance(item, Mapping) else {}


def _entries(item: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(item, list | tuple):
        yield from (entry for entry in item if isinstance(entry, Mapping))
