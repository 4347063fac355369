"""The section on the noise itself: its realised dose, and the languages in which it changed nothing or cannot work."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from robustir.reports.blocks import Block, Cell, Column, Notice, Paragraph, Section, Table
from robustir.reports.formats import (
    clean_text,
    join_words,
    language_name,
    number,
    percent,
    severity_text,
    signed_points,
)
from robustir.reports.sections.clean_scores import language_columns
from robustir.reports.sections.noise_notices import NOTHING, no_op_notices, uneven_sentences
from robustir.reports.sections.wide import cut_wide
from robustir.reports.study import Row, Study, mean, value
from robustir.stats.rounding import above, below

__all__ = ["not_applicable_rows", "validity_section"]

_MANY_LANGUAGES = 12  # more are listed by their codes in one row
_PERTURBATION = Column("Noise", number=False)
_IDLE = Column("Languages without effect", number=False)
_EVERYWHERE = "Every noise had an effect in every language."
_UNCHANGED_STEPS = (0.02, 0.1, 0.25, 0.5, 0.75)


def not_applicable_rows(study: Study) -> list[tuple[str, str, str]]:
    """Return (perturbation, language, reason) of every pair that cannot run, once."""
    rows = []
    for entry in study.manifest.not_applicable:
        name = clean_text(entry.perturbation)
        rows.append((study.short.get(name, name), clean_text(entry.language), clean_text(entry.reason)))
    return list(dict.fromkeys(rows))


def validity_section(study: Study) -> Section | None:
    """Build the section: notices, realised dose and unchanged share per language, pairs that are not applicable.

    None if the run has no noise.
    """
    if not study.wanted_noise:
        return None
    blocks: list[Block] = [
        Paragraph(
            "Severity is what was asked for; the realised dose is the mean over all queries and draws. Compare languages at an "
            "equal dose, not at an equal severity."
        )
    ]
    blocks += [table for benchmark in study.benchmarks if (table := _overview(study, benchmark)).rows]
    gated = [table for benchmark in study.benchmarks if (table := _gated(study, benchmark)).rows]
    turns = any(row[-1].text != "0" for table in gated for row in table.rows)
    shown = len(blocks) + (len(gated) if turns else 0)  # where nothing turns, the table is folded
    blocks += gated
    blocks += [Notice(text) for text in (*no_op_notices(study), *uneven_sentences(study))]
    for benchmark in study.benchmarks:
        for perturbation in study.perturbations:
            blocks += _dose_tables(study, benchmark, perturbation)
        blocks += _attack_tables(study, benchmark)
    blocks += _not_applicable(study)
    return Section("validity", "Whether the noise worked", tuple(blocks), open=shown)


_WORKED_NOTE = (
    "Means over languages; in brackets the least and the most affected language. Same to an encoder: changed queries that it "
    "reads as the clean ones, for the encoder with most of them."
)


def _overview(study: Study, benchmark: str) -> Table:
    """Return a row per noise: its dose at the shown severity, and the languages in which it did nothing."""
    reasons: dict[str, list[str]] = {}
    for name, lang, _ in not_applicable_rows(study):
        reasons.setdefault(name, []).append(lang)
    lines = []
    for noise in study.perturbations:
        severity = study.severity_of(benchmark, noise)
        rows = study.rows("validity", benchmark=benchmark, perturbation=noise, severity=severity)
        own = [row for row in rows if row["query_lang"] != "all" and math.isfinite(value(row, "unchanged_share"))]
        if not own:
            continue
        doses = {row["query_lang"]: value(row, "char_error_rate") for row in own}
        idle = [row["query_lang"] for row in own if value(row, "unchanged_share") >= NOTHING]
        absent = sorted(set(reasons.get(noise, ())) & set(study.languages(benchmark)))
        where = [
            f"{_named_languages(langs)} ({why})"
            for langs, why in ((idle, "nothing"), (absent, "not applicable"))
            if langs
        ]
        cells = {
            _PERTURBATION: Cell(noise),
            Column("Severity"): Cell(severity_text(severity)),
            Column("Queries unchanged"): Cell(percent(mean(value(row, "unchanged_share") for row in own))),
            Column("Same to an encoder"): Cell(*_same_input(study, benchmark, noise, severity)),
            Column("Characters changed"): Cell(percent(mean(doses.values()), 1), _spread(doses)),
            Column("Words edited"): Cell(percent(mean(value(row, "word_edit_rate") for row in own), 1)),
            _IDLE: Cell("; ".join(where) or "none", mark="" if where else "faint"),
        }
        lines.append(cells)
    everywhere = all(cells[_IDLE].text == "none" for cells in lines)
    columns = [column for column in lines[0] if column != _IDLE or not everywhere] if lines else []
    cells_of = tuple(tuple(cells[column] for column in columns) for cells in lines)
    note = f"{_WORKED_NOTE} {_EVERYWHERE}" if everywhere else _WORKED_NOTE
    return Table(
        f"worked-{benchmark}", f"What each noise did{study.on(benchmark)}", tuple(columns), cells_of, note=note
    )


def _same_input(study: Study, benchmark: str, noise: str, severity: float) -> tuple[str, str]:
    """Return the largest share of changed queries that are the same input to an encoder, and that encoder."""
    rows = study.rows("inputs", benchmark=benchmark, perturbation=noise, severity=severity, query_lang="all")
    if not rows:
        return "", ""
    most = max(rows, key=lambda row: value(row, "same_input_share"))
    share = value(most, "same_input_share")
    return percent(share), str(most["encoder"]) if share else ""


def _gated(study: Study, benchmark: str) -> Table:
    """Return a row per noise: the queries that may mean something else, and what changes without them."""
    lines = [line for noise in study.perturbations if (line := _gated_line(study, benchmark, noise))]
    columns = (
        _PERTURBATION,
        Column("Severity"),
        Column("Queries rejected"),
        Column("Most different for", number=False),
        Column("Change with all"),
        Column("Change without rejected"),
        Column("Comparisons that turn"),
    )
    rules = study.suite.validity
    kept = " or lost a number, a name or its negations" if rules.protected else ""
    note = (
        f"Rejected, by rules that know no encoder: queries that kept less than {percent(rules.characters)} of their characters{kept}. "
        "Change in points. A comparison turns if another encoder loses less without the rejected queries and the first difference was told from 0."
    )
    caption = f"With and without queries that may mean something else{study.on(benchmark)}"
    return Table(f"gated-{benchmark}", caption, columns, tuple(lines), note=note)


def _gated_line(study: Study, benchmark: str, noise: str) -> tuple[Cell, ...]:
    """Return the cells of one noise, for the encoder and setting in which the rejected queries matter most; none if not judged."""
    severity = study.severity_of(benchmark, noise)
    where = {"benchmark": benchmark, "perturbation": noise}
    judged = [value(row, "rejected_share") for row in study.rows("validity", **where, severity=severity)]
    shares = [share for share in judged if math.isfinite(share)]
    rows = [
        row
        for setting in study.settings(benchmark)
        for row in study.macro("contrasts", **where, setting=setting, severity=severity)
        if "gated_delta" in row and math.isfinite(value(row, "gated_delta"))
    ]
    if not shares or not rows:
        return ()
    moved = max(rows, key=lambda row: abs(value(row, "gated_delta") - value(row, "delta")))
    compared = [row for setting in study.settings(benchmark) for row in study.compared(benchmark, setting, noise)]
    return (
        Cell(noise),
        Cell(severity_text(severity)),
        Cell(percent(mean(shares), 1)),
        Cell(f"{moved['encoder']}, {moved['setting']}"),
        Cell(signed_points(value(moved, "delta"))),
        Cell(signed_points(value(moved, "gated_delta"))),
        Cell(str(sum(map(_turned, compared)))),
    )


def _turned(row: Row) -> bool:
    """Return whether a difference told from 0 has another sign without the rejected queries."""
    low, high = value(row, "ci_low"), value(row, "ci_high")
    gated = value(row, "gated_difference")
    return (above(low) and below(gated)) or (below(high) and above(gated))


def _spread(doses: Mapping[str, float]) -> str:
    """Return the range of the doses over languages."""
    return f"[{percent(min(doses.values()), 1)}, {percent(max(doses.values()), 1)}]" if len(doses) > 1 else ""


def _named_languages(codes: Sequence[str]) -> str:
    return join_words([language_name(code) for code in codes], 6)


def _dose_tables(study: Study, benchmark: str, perturbation: str) -> list[Block]:
    rows = [
        row
        for row in study.rows("validity", benchmark=benchmark, perturbation=perturbation)
        if row["query_lang"] != "all"
    ]
    if not rows:
        return []
    where, name = f"{perturbation} on {benchmark}", f"{benchmark}-{perturbation}"
    asked = {value(row, "severity"): value(row, "asked_char_error_rate") for row in rows}
    dosed = any(map(math.isfinite, asked.values()))
    note = " (requested: the calibrated dose)" if dosed else ""
    digits = 2 if dosed else 1
    heads = {
        severity: f"{severity_text(severity)} (requested: {number(100 * rate, digits)})"
        for severity, rate in asked.items()
        if dosed
    }
    words = _dose_table(f"dose-{name}", f"{where}: edited words, percent", rows, "word_edit_rate", 1)
    letters = _dose_table(
        f"cer-{name}", f"{where}: character error rate, percent{note}", rows, "char_error_rate", digits, heads=heads
    )
    unchanged = _dose_table(
        f"unchanged-{name}", f"{where}: queries left unchanged, percent", rows, "unchanged_share", 0, heat=True
    )
    return [*cut_wide(words), *cut_wide(letters), *cut_wide(unchanged), *_remarks(rows, where)]


def _dose_table(
    name: str,
    caption: str,
    rows: Sequence[Row],
    field: str,
    digits: int,
    *,
    heads: Mapping[float, str] | None = None,
    heat: bool = False,
) -> Table:
    """Return a share in percent, a row per severity (``heads``: their titles) and a column per language."""
    languages = tuple(sorted({row["query_lang"] for row in rows}))
    by_key = {(value(row, "severity"), row["query_lang"]): row for row in rows}
    lines = []
    for severity in sorted({value(row, "severity") for row in rows}):
        cells = [Cell((heads or {}).get(severity) or severity_text(severity))]
        for lang in languages:
            share = value(by_key.get((severity, lang), {}), field)
            cells.append(Cell(number(100 * share, digits), heat=_unchanged_level(share) if heat else None))
        lines.append(tuple(cells))
    columns = (Column("Severity", number=False), *language_columns(languages))
    return Table(name, caption, columns, tuple(lines), scale="diverging" if heat else "")


def _attack_tables(study: Study, benchmark: str) -> list[Block]:
    """Show the doses of attacks and their controls per language, a row for each attack and severity."""
    rows = [row for row in study.rows("attack_validity", benchmark=benchmark) if row["query_lang"] != "all"]
    if not rows:
        return []
    languages = tuple(sorted({row["query_lang"] for row in rows}))
    by_key = {(row["perturbation"], value(row, "severity"), row["query_lang"]): row for row in rows}
    kinds = tuple(dict.fromkeys(key[:2] for key in by_key))
    columns = (Column("Attack", number=False), *language_columns(languages))
    made: list[Block] = []
    for kind, what, field, digits in (
        ("dose", "edited words, percent of all queries' words", "word_edit_rate", 1),
        ("cer", "character error rate, percent", "char_error_rate", 1),
        ("unchanged", "queries left unchanged, percent", "unchanged_share", 0),
        ("edited", "edited words of the queries that were edited, percent", "edited_word_edit_rate", 1),
    ):
        lines = tuple(
            (
                Cell(f"{name} at {severity_text(severity)}"),
                *(
                    Cell(number(100 * value(by_key.get((name, severity, lang), {}), field), digits))
                    for lang in languages
                ),
            )
            for name, severity in kinds
        )
        made += cut_wide(Table(f"attack-{kind}-{benchmark}", f"Attacks on {benchmark}: {what}", columns, lines))
    return made


def _unchanged_level(share: float) -> int | None:
    """Return the step 0..-5 of the warning shade for unchanged queries (limits 2, 10, 25, 50 and 75 percent)."""
    return -sum(not below(share, limit) for limit in _UNCHANGED_STEPS) if math.isfinite(share) else None


def _remarks(rows: Sequence[Row], where: str) -> list[Block]:
    """State the length of the noisy texts, and the analysis's notes with their languages and severities."""
    parts = []
    lengths = [value(row, "length_ratio") for row in rows if math.isfinite(value(row, "length_ratio"))]
    if lengths:
        least, most = percent(min(lengths), 1), percent(max(lengths), 1)
        parts.append(f"noisy texts have {least if least == most else f'{least} to {most}'} of the clean length")
    noted: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        if row.get("note"):
            by_language = noted.setdefault(str(row["note"]), {})
            by_language.setdefault(row["query_lang"], []).append(severity_text(row["severity"]))
    everywhere = len({severity_text(row["severity"]) for row in rows})
    for note, by_language in noted.items():
        where_noted = [_noted(lang, at if len(at) < everywhere else ()) for lang, at in sorted(by_language.items())]
        parts.append(f"{note} in {join_words(where_noted, 20)}")
    return [Paragraph(f"{where}: {'; '.join(parts)}.")] if parts else []


def _noted(lang: str, severities: Sequence[str]) -> str:
    return f"{language_name(lang)} (severity {', '.join(severities)})" if severities else language_name(lang)


def _not_applicable(study: Study) -> list[Block]:
    rows = not_applicable_rows(study)
    if not rows:
        return [Paragraph("Every perturbation works in every language of this run.")]
    languages: dict[tuple[str, str], list[str]] = {}
    for name, lang, reason in rows:
        languages.setdefault((name, reason), []).append(lang)
    cells = tuple(
        (Cell(name), Cell(text), Cell(reason)) for (name, reason), langs in languages.items() for text in _listed(langs)
    )
    columns = (_PERTURBATION, Column("Language", number=False), Column("Reason", number=False))
    return [Table("not-applicable", "Not applicable: left out of all averages over perturbations", columns, cells)]


def _listed(languages: Sequence[str]) -> list[str]:
    """Return the names of languages, one each; many are joined by their codes."""
    if len(languages) <= _MANY_LANGUAGES:
        return [language_name(lang) for lang in languages]
    return [f"{len(languages)} languages: {' '.join(languages)}"]
