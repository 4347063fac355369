"""The sections that compare: encoder against encoder, and the bias among languages."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from robustir.analysis.claims import Kind
from robustir.reports.blocks import Block, Cell, Column, Paragraph, Section, Table, up_to
from robustir.reports.formats import (
    interval,
    join_words,
    language_name,
    measure_name,
    number,
    p_value,
    severity_text,
    signed_points,
)
from robustir.reports.sections.focus import lead_setting
from robustir.reports.sections.in_domain import encoder_cell, marked, noted
from robustir.reports.sections.matrix import comparison_matrices, levels
from robustir.reports.sections.wide import SHOWN_ROWS, cut_wide, rows_note
from robustir.reports.study import SETTINGS, Row, Study, value
from robustir.stats.rounding import above

__all__ = ["bias_section", "comparison_section", "counted_claims", "is_primary"]

_FIRST_ROWS = 20  # of the matrices that a reader meets first, and at least one of these
_MATRIX = (
    "The row’s change minus the column’s, in points: above zero the row’s encoder loses less. Shaded: a claim after correction; "
    "the sign says which."
)
_READING = (
    "A − B under noise shows which encoder finds more. A − B in change is the difference in differences per query, in points: "
    "above zero A loses less. The log ratio of the retained shares is tested too, because the absolute scale favours an encoder "
    "with little to lose; the adjusted p is the larger of the two. On what both find: how much more A keeps than B of the queries "
    "that both find on clean text, in points, because an encoder that finds only easy queries keeps them. “More robust” means "
    "that an encoder loses less on both scales, is not behind under noise, and keeps no less of the queries that both find. "
    "“Not separated” does not prove equal robustness."
)
_BY_LANGUAGE = (
    "The same by query language: above zero A loses less. Bold marks a verdict in favour of A or B (on both scales, after "
    "correction). All rows are exploratory and adjusted together within a setting. Intervals and verdicts are in "
    "language_comparisons.csv."
)
_DISTANCE = (
    "The distance between the best and the worst rank of an answer's translations: 0 if its language does not matter."
)


_BIAS = {
    "nRankDistance": ("Normalised rank distance", "in percent of the largest possible"),
    "RankDistance": ("Rank distance", "in ranks"),
    "PEER": ("Probability of equal expected rank", "in percent (100: no language is favoured)"),
}


def is_primary(row: Row) -> bool:
    """Whether a comparison was declared beforehand."""
    return bool(row["family"] == "primary")


def counted_claims(rows: Iterable[Row]) -> str:
    """Count what the findings claim: "2 are “more robust” and 5 “not separated”"."""
    kinds = Counter(str(row["claim"]) for row in rows)
    counted = [f"{kinds[kind]} “{kind}”" for kind in Kind if kinds[kind]]
    return join_words([f"{counted[0].replace(' ', ' read ', 1)}", *counted[1:]]) if counted else ""


def comparison_section(study: Study) -> Section | None:
    """Build the tables of differences in differences, declared comparisons first; None if nothing is compared."""
    rows = study.frames["comparisons"]
    if not rows:
        return None
    primary = [row for row in rows if is_primary(row)]
    exploratory = [row for row in rows if not is_primary(row)]
    blocks: list[Block] = [Paragraph(_MATRIX)]
    first, rest = _matrices(study)
    blocks += first
    shown = len(blocks)
    blocks += [*rest, Paragraph(_READING)]
    if primary:
        blocks.append(_comparison_table(study, "primary", "Declared comparisons", primary))
    else:
        blocks.append(Paragraph("No comparison was declared beforehand: everything below is exploratory."))
    if exploratory:
        blocks.append(_comparison_table(study, "exploratory", "Exploratory comparisons", exploratory))
    blocks += _language_tables(study)
    return Section("comparisons", "Encoder against encoder", tuple(blocks), open=shown)


def _matrices(study: Study) -> tuple[list[Block], list[Block]]:
    """Return the matrices that a reader meets first, and the others: of the first setting with a claim, as many as are short."""
    first: list[Block] = []
    rest: list[Block] = []
    for benchmark in study.benchmarks:
        lead = lead_setting(study, benchmark)
        for setting in study.settings(benchmark):
            made = comparison_matrices(study, benchmark, setting)
            cut = max(1, _FIRST_ROWS // max(1, *(len(one.rows) for one in made))) if setting == lead and made else 0
            first += made[:cut]
            rest += made[cut:]
    return first, rest


def _language_tables(study: Study) -> list[Block]:
    """Return the differences by query language, a table per benchmark and setting with several languages."""
    made: list[Block] = []
    for benchmark in study.benchmarks:
        languages = study.languages(benchmark)
        for setting in study.settings(benchmark) if len(languages) > 1 else ():
            rows = study.rows("language_comparisons", benchmark=benchmark, setting=setting)
            lines: dict[tuple[str, str, str], dict[str, Row]] = {}
            for row in rows:
                key = (row["perturbation"], row["encoder_a"], row["encoder_b"])
                lines.setdefault(key, {})[row["query_lang"]] = row
            shown = [
                (
                    Cell(f"{noise}: {marked(study, benchmark, a)} against {marked(study, benchmark, b)}"),
                    *(_language_cell(found.get(lang, {})) for lang in languages),
                )
                for (noise, a, b), found in list(lines.items())[:SHOWN_ROWS]
            ]
            if shown:
                made += cut_wide(noted(_language_table(benchmark, setting, languages, shown, len(lines))))
    return [Paragraph(_BY_LANGUAGE), *made] if made else []


def _language_table(
    benchmark: str, setting: str, languages: Sequence[str], shown: Sequence[tuple[Cell, ...]], total: int
) -> Table:
    columns = (
        Column("Noise, A against B", number=False),
        *(Column(lang, hint=language_name(lang)) for lang in languages),
    )
    note = rows_note(len(shown), total, "language_comparisons")
    caption = f"Difference in differences on {benchmark}, {setting}, whole curves, by query language"
    return Table(f"comparisons-languages-{benchmark}-{setting}", caption, columns, tuple(shown), note=note)


def _language_cell(row: Row) -> Cell:
    claimed = bool(row) and bool(row["favours"])
    return Cell(signed_points(value(row, "difference_in_differences")), mark="strong" if claimed else "faint")


def _comparison_table(study: Study, kind: str, title: str, rows: Sequence[Row]) -> Table:
    several = len(study.benchmarks) > 1
    names = (*(("Benchmark",) if several else ()), "Noise", "Setting", "A", "B")
    columns = [Column(name, number=False) for name in names]
    columns += [Column("A, clean → noisy"), Column("B, clean → noisy")]
    columns += [Column(name) for name in ("A − B under noise", "A − B in change", "Log ratio", "On what both find")]
    columns.append(Column("Adjusted\u00a0p"))
    columns.append(Column("Verdict", number=False))
    shown = tuple(_comparison_row(study, row, several=several) for row in _in_order(study, rows)[:SHOWN_ROWS])
    table = Table(
        f"comparisons-{kind}",
        f"{title}: {measure_name(study.measure)}, {len(rows)} in all",
        tuple(columns),
        shown,
        len(names),
        rows_note(len(shown), len(rows), "comparisons"),
        main=kind == "primary",
    )
    return noted(table)


def _in_order(study: Study, rows: Sequence[Row]) -> list[Row]:
    """Order by severity (whole curves first), benchmark, perturbation and setting; pairs keep their order."""

    def place(row: Row) -> tuple[float, int, int, int]:
        severity = value(row, "severity")
        return (
            severity if math.isfinite(severity) else -1.0,
            study.benchmarks.index(row["benchmark"]),
            study.perturbations.index(row["perturbation"]),
            SETTINGS.index(row["setting"]),
        )

    return sorted(rows, key=place)


def _comparison_row(study: Study, row: Row, *, several: bool) -> tuple[Cell, ...]:
    severity = severity_text(row["severity"])

    def gap(name: str, limits: str) -> Cell:
        band = interval(value(row, f"{limits}_low"), value(row, f"{limits}_high"))
        return Cell(signed_points(value(row, name)), band)

    ratio = interval(value(row, "log_ratio_low"), value(row, "log_ratio_high"), 1.0, 3)
    lead = (Cell(row["benchmark"]),) if several else ()
    note = f" ({row['note']})" if row["note"] else ""
    return (
        *lead,
        Cell(f"{row['perturbation']}, {'whole curve' if severity == 'curve' else severity}"),
        Cell(row["setting"]),
        *(Cell(marked(study, row["benchmark"], row[f"encoder_{one}"])) for one in "ab"),
        *(Cell(levels(row, one)) for one in "ab"),
        gap("noisy_difference", "noisy"),
        gap("difference_in_differences", "ci"),
        Cell(number(value(row, "log_retention_ratio"), 3), ratio),
        gap("matched_difference", "matched"),
        Cell(p_value(value(row, "loss_p_adjusted"))),
        Cell(f"{row['verdict']}{note}", mark="strong" if row["favours"] else "faint"),
    )


def bias_section(study: Study) -> Section | None:
    """Build the tables of rank distance among parallel passages, clean and at the shown severity; None without any."""
    blocks: list[Block] = [Paragraph(_DISTANCE)]
    for benchmark in study.benchmarks:
        for measure in _BIAS:
            if reason := _undefined(study, benchmark, measure):
                blocks.append(Paragraph(f"{_BIAS[measure][0]}{study.on(benchmark)}: {reason}."))
                continue
            tables = (_bias_table(study, benchmark, measure, names) for names in study.perturbation_blocks())
            blocks += [table for table in tables if table.rows]
    return (
        Section("bias", "Language bias under noise", tuple(blocks), open=up_to(blocks, Table))
        if len(blocks) > 1
        else None
    )


def _undefined(study: Study, benchmark: str, measure: str) -> str:
    """Return why no query of a benchmark has a measure, "" if some have."""
    rows = study.rows("bias", benchmark=benchmark, measure=measure, query_lang="all")
    return "" if any(math.isfinite(value(row, "mean")) for row in rows) else next((row["note"] for row in rows), "")


def _bias_table(study: Study, benchmark: str, measure: str, perturbations: Sequence[str]) -> Table:
    rows = []
    for encoder in study.encoders:
        where = {"benchmark": benchmark, "measure": measure, "encoder": encoder, "query_lang": "all"}
        found = {(row["perturbation"], value(row, "severity")): row for row in study.rows("bias", **where)}
        if found:
            rows.append(
                (
                    encoder_cell(study, benchmark, encoder),
                    *_bias_cells(study, found, perturbations, 1.0 if measure == "RankDistance" else 100.0),
                )
            )
    columns = [Column("Encoder", number=False), Column("clean")]
    for perturbation in perturbations:
        columns += [Column(perturbation), Column("change")]
    named, unit = _BIAS[measure]
    caption = f"{named}{study.on(benchmark)}, {unit}, clean and at severity {severity_text(study.shown_severity)}"
    return noted(Table(f"bias-{benchmark}-{measure}-{perturbations[0]}", caption, tuple(columns), tuple(rows)))


def _bias_cells(
    study: Study, found: Mapping[tuple[str, float], Row], perturbations: Sequence[str], scale: float
) -> list[Cell]:
    clean: Row = next((row for (_, severity), row in found.items() if severity == 0), {})
    cells = [Cell(number(scale * value(clean, "mean")))]
    for perturbation in perturbations:
        own = [level for name, level in found if name == perturbation and level <= study.shown_severity + 1e-9]
        row: Row = found[perturbation, max(own)] if own else {}
        change = scale * value(row, "delta")
        band = interval(value(row, "delta_low"), value(row, "delta_high"), scale)
        cells += [Cell(number(scale * value(row, "mean"))), Cell(("+" if above(change) else "") + number(change), band)]
    return cells
