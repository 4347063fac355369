"""The section of the worst queries: clean and noisy text side by side, with what changed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from robustir.languages import has_spaces
from robustir.reports.blocks import Block, Example, Examples, Paragraph, Section, Segment
from robustir.reports.formats import language_name, number, severity_text
from robustir.reports.study import Row, Study, value

__all__ = ["changed_segments", "example_section"]

_SHOWN_PER_NOISE = 12  # examples per perturbation; examples.csv has all
_LONGEST = 600  # characters shown of one text
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
    """Build the lists of the queries that lost most, one per perturbation; languages take turns. None if none lost."""
    blocks: list[Block] = [
        Paragraph(
            "The queries that lost most, picked for their loss: they show how the noise hurts, not how often. "
            "Changed text is marked. Each score is that of the single query."
        )
    ]
    for perturbation in study.perturbations:
        rows = _unlike(study.rows("examples", perturbation=perturbation))
        if rows:
            shown = rows[:_SHOWN_PER_NOISE]
            cut = f"; {len(rows) - len(shown)} more are in examples.csv" if len(shown) < len(rows) else ""
            blocks.append(
                Examples(
                    f"worst-{perturbation}",
                    f"Worst queries under {perturbation}{cut}",
                    tuple(_example(row) for row in shown),
                )
            )
    return Section("worst-queries", "Worst queries", tuple(blocks), open=2) if len(blocks) > 1 else None


def _unlike(rows: Sequence[Row]) -> list[Row]:
    """Order the rows so that languages take turns, each with its greatest loss first."""
    by_language: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: value(row, "noisy") - value(row, "clean")):
        by_language.setdefault(row["query_lang"], []).append(row)
    seen: set[tuple[object, ...]] = set()
    turns: list[tuple[int, str, Row]] = []
    for lang, own in sorted(by_language.items()):
        place = 0
        for row in own:
            key = (row["clean_text"], row["noisy_text"])
            if key not in seen:
                seen.add(key)
                turns.append((place, lang, row))
                place += 1
    return [row for _, _, row in sorted(turns, key=lambda turn: turn[:2])]


def _example(row: Row) -> Example:
    lang = str(row["query_lang"])
    clean, noisy = changed_segments(_cut(row["clean_text"]), _cut(row["noisy_text"]), lang)
    passage = row["passage_lang"]
    target = "" if passage in {lang, "all", ""} else f" → {language_name(str(passage))}"
    draw = f", draw {int(value(row, 'draw'))}" if value(row, "draw") >= 0 else ""
    measure = str(row["measure"])
    return Example(
        f"{language_name(lang)}{target} · {row['encoder']} · {row['setting']} · severity "
        f"{severity_text(row['severity'])}{draw}",
        lang,
        clean,
        noisy,
        f"{measure} {number(value(row, 'clean'), 2)}",
        f"{measure} {number(value(row, 'noisy'), 2)}",
        str(row["query_id"]),
    )


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
