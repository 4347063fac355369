"""The section of examples: clean and noisy query, what changed, and which passage overtook the right one."""

from __future__ import annotations

import difflib
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from robustir.languages import has_spaces
from robustir.reports.blocks import Aside, Block, Example, Examples, Paragraph, Section, Segment
from robustir.reports.formats import clean_text, language_name, number, severity_text, without_folders
from robustir.reports.study import Row, Study, value

__all__ = ["attacked_examples", "changed_segments", "example_id", "example_section"]

_MOST, _MOST_OF_FEW, _FEW_NOISES = 12, 8, 4  # examples in all; examples.csv has the others
_FIRST = 4  # examples that a reader meets first; the others are folded
_MOST_WORST = 5  # of these per noise
_MEDIAN = "median"
_LONGEST = 600  # characters shown of a query
_LONGEST_PASSAGE = 120
_TITLE = "What it looks like"
_READING = (
    "Clean above noisy, with the right passage's ranks: queries that lost most, which do not show how often noise hurts, and typical "
    "(median) ones."
)
_WORD = re.compile(r"\s+|\S+")


def changed_segments(clean: str, noisy: str, lang: str) -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
    """Split both texts into kept and changed stretches.

    The units are words, so that joined letters (Arabic) and clusters (Devanagari) are never cut; in languages without
    spaces between words they are grapheme clusters.
    """
    old, new = _units(clean, lang), _units(noisy, lang)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    kept_old, kept_new = [False] * len(old), [False] * len(new)
    for start_old, start_new, size in matcher.get_matching_blocks():
        kept_old[start_old : start_old + size] = [True] * size
        kept_new[start_new : start_new + size] = [True] * size
    return _join(old, kept_old), _join(new, kept_new)


def _units(text: str, lang: str) -> list[str]:
    if has_spaces(lang):
        return _WORD.findall(text)
    import regex

    clusters: list[str] = regex.findall(r"\X", text)
    return clusters


def _join(units: Sequence[str], kept: Sequence[bool]) -> tuple[Segment, ...]:
    """Merge neighbours of one kind; white space between two changed units belongs to them."""
    flags = list(kept)
    for position in range(1, len(units) - 1):
        if units[position].isspace() and not flags[position - 1] and not flags[position + 1]:
            flags[position] = False
    segments: list[Segment] = []
    for unit, keep in zip(units, flags, strict=True):
        if segments and segments[-1].changed is not keep:
            segments[-1] = Segment(segments[-1].text + unit, not keep)
        else:
            segments.append(Segment(unit, not keep))
    return tuple(segments)


def example_section(study: Study) -> Section | None:
    """Build the examples: of every noise the worst queries, and a typical one. None if no query lost score."""
    rows = _chosen(study)
    if not rows:
        return None
    left = len(study.frames["examples"]) - len(rows)
    more = f" {left} more are in examples.csv." if left > 0 else ""
    first, rest = _lead(study, rows)
    taken: set[str] = set()
    blocks: list[Block] = [Paragraph(_READING + more), Examples("examples-list", "", tuple(_anchored(first, taken)))]
    if rest:
        blocks.append(Examples("examples-more", "More queries, clean above noisy", tuple(_anchored(rest, taken))))
    return Section("examples", _TITLE, tuple(blocks), open=2)


def example_id(benchmark: str, noise: str, encoder: str) -> str:
    """Return the anchor of the first example of a noise and an encoder."""
    return f"example-{benchmark}-{without_folders(noise)}-{without_folders(encoder)}"


def _anchored(rows: Sequence[Row], taken: set[str]) -> Iterator[Example]:
    """Yield the examples; the first one of each noise and encoder has an anchor, which is added to ``taken``."""
    for row in rows:
        name = example_id(row["benchmark"], row["perturbation"], row["encoder"])
        yield replace(_example(row), id="" if name in taken else name)
        taken.add(name)


def _lead(study: Study, rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Return the examples that a reader meets first, and the others: of each noise the worst, then a typical one."""
    of_noise = [[row for row in rows if row["perturbation"] == name] for name in study.perturbations]
    worst = [own[0] for own in of_noise if own]
    typical = [own[-1] for own in of_noise if own and own[-1] is not own[0]]
    first = [*worst, *typical][: max(2, min(_FIRST, len(worst)))]
    return first, [row for row in rows if not any(row is one for one in first)]


def _chosen(study: Study) -> list[Row]:
    """Return the worst queries of every noise and then its median one; at most twelve in all.

    Languages and encoders take turns.
    """
    noises = [name for name in study.perturbations if study.rows("examples", perturbation=name)]
    few = len(noises) <= _FEW_NOISES
    most = _MOST_OF_FEW if few else _MOST
    each = max(1, min(_MOST_WORST, most // max(1, len(noises)) - 1))
    langs: Counter[str] = Counter()
    encoders: Counter[str] = Counter()
    chosen: list[Row] = []

    def take(rows: Sequence[Row], wanted: int) -> None:
        seen = {(row["benchmark"], row["query_id"]) for row in chosen}
        left = [row for row in rows if (row["benchmark"], row["query_id"]) not in seen]
        for _ in range(min(wanted, most - len(chosen))):
            if not left:
                return
            # min takes the first of equals, which lost most.
            best = min(left, key=lambda row: (langs[row["query_lang"]], encoders[row["encoder"]]))
            left = [row for row in left if row["query_id"] != best["query_id"]]
            langs[best["query_lang"]] += 1
            encoders[best["encoder"]] += 1
            chosen.append(best)

    for name in noises:
        own = sorted(study.rows("examples", perturbation=name), key=_fall)
        take([row for row in own if row["kind"] != _MEDIAN], each)
        if 2 * len(noises) <= most:
            take([row for row in study.rows("examples", perturbation=name) if row["kind"] == _MEDIAN], 1)
    return chosen


def attacked_examples(study: Study, most: int) -> Examples | None:
    """Return queries that an attack on the scored encoder hurt most, encoders in turn; None without any."""
    rows = [row for row in study.frames["attack_examples"] if row["kind"] != _MEDIAN]
    own = {clean_text(entry.name): clean_text(entry.attacked) for entry in study.manifest.perturbations}
    attacked = {study.short.get(name, name): spec for name, spec in own.items()}
    controls = {study.short.get(clean_text(entry.name)) for entry in study.manifest.perturbations if entry.control}
    aimed = [
        row
        for row in rows
        if attacked.get(row["perturbation"]) == row["encoder"] and row["perturbation"] not in controls
    ]
    chosen: list[Row] = []
    for at in range(most):
        for encoder in dict.fromkeys(row["encoder"] for row in aimed):
            found = sorted((row for row in aimed if row["encoder"] == encoder), key=_fall)
            chosen += found[at : at + 1]
    shown = chosen[:most]
    return (
        Examples("attacked-examples", "Attacked queries, clean above attacked", tuple(map(_example, shown)))
        if shown
        else None
    )


def _fall(row: Row) -> tuple[float, float]:
    """Order by the lost score, then by how far the right passage fell; one never found fell furthest."""
    after = value(row, "noisy_rank")
    return value(row, "noisy") - value(row, "clean"), -after if math.isfinite(after) else -math.inf


def _example(row: Row) -> Example:
    lang = str(row["query_lang"])
    clean, noisy = changed_segments(_cut(row["clean_text"]), _cut(row["noisy_text"]), lang)
    passage = row["passage_lang"]
    target = "" if passage in {lang, "all", ""} else f" → {language_name(str(passage))}"
    kind = " · a typical query" if row["kind"] == _MEDIAN else ""
    return Example(
        f"{language_name(lang)}{target} · {row['encoder']} · {row['perturbation']} "
        f"{severity_text(row['severity'])}{kind}",
        _outcome(row),
        lang,
        clean,
        noisy,
        tuple(_asides(row, lang)),
        str(row["query_id"]),
    )


def _outcome(row: Row) -> str:
    """Return the rank of the right passage before and after, and the score if the rank hides the loss."""
    before, after = (value(row, f"{one}_rank") for one in ("clean", "noisy"))
    if not math.isfinite(before) and not math.isfinite(after):
        return f"{row['measure']} {number(value(row, 'clean'), 2)} → {number(value(row, 'noisy'), 2)}"
    return f"rank {_rank(before)} → {_rank(after)}"


def _rank(rank: float) -> str:
    return f"{rank:.0f}" if math.isfinite(rank) else "never found"


def _asides(row: Row, lang: str) -> Iterator[Aside]:
    if row["english_text"]:
        yield Aside("In English", _cut(row["english_text"]), "en")
    if row["right_text"]:
        yield Aside("Right passage", _shorter(row["right_text"]), row["right_lang"] or lang)
    if row["ahead_text"]:
        yield Aside("Now ahead of it", _shorter(row["ahead_text"]), row["ahead_lang"] or lang)


def _cut(text: str, longest: int = _LONGEST) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _shorter(text: str) -> str:
    return _cut(" ".join(text.split()), _LONGEST_PASSAGE)
