"""The sections that compare: encoder against encoder, and the bias among languages."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from robustir.reports.blocks import Block, Cell, Column, Paragraph, Section, Table
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
from robustir.reports.sections.degradation import separated
from robustir.reports.sections.in_domain import encoder_cell, marked, noted
from robustir.reports.sections.wide import cut_wide
from robustir.reports.study import SETTINGS, Row, Study, value
from robustir.stats.rounding import above, side

__all__ = ["bias_section", "claims_more", "comparison_section", "counted_verdicts", "is_primary", "verdict_text"]

_SHOWN_ROWS = 48  # rows of one table in the report; the CSV holds all
_NOT_SEPARATED = "not separated"
_READING = (
    "What the noise costs A beyond what it costs B: the difference in differences per query, in points; above zero A "
    "loses less. The log ratio of what each retains is tested too, because the absolute scale favours an encoder with "
    "little to lose. “More robust” is written only where both point the same way, both intervals exclude zero and the "
    "adjusted p is below 0.05. “Not separated” does not prove equal robustness."
)
_BY_LANGUAGE = (
    "The same by query language: above zero A loses less. Bold marks “more robust” (both scales and the adjusted p); "
    "all of these are exploratory, adjusted together within a setting. Intervals and verdicts are in "
    "language_comparisons.csv."
)
_DISTANCE = (
    "The distance is the worst minus the best rank that parallel passages of the same answer reach in the pool of all "
    "languages; 0 would mean that an encoder does not care in which language an answer is written. The normalised form "
    "divides by the largest distance possible. It is read beside the scores: an encoder that ranks everything at "
    "random "
    "has a distance too."
)


def is_primary(row: Row) -> bool:
    """Whether a comparison was declared beforehand."""
    return bool(row["family"] == "primary")


def verdict_text(row: Row) -> str:
    """Return the verdict in words; "more robust" only where both intervals and the adjusted p support it."""
    verdict = str(row["verdict"])
    if not claims_more(verdict):
        return verdict
    sides = [side(value(row, f"{name}_low"), value(row, f"{name}_high")) for name in ("ci", "log_ratio")]
    return verdict if separated(row) and sides[0] == sides[1] else _NOT_SEPARATED


_MORE = "more robust"
_COUNTED = {
    _MORE: "separated the two",
    "depends on the scale": "depended on the scale",
    _NOT_SEPARATED: "did not separate them",
    "no claim: near the floor": "allowed no claim near the floor",
}


def claims_more(verdict: str) -> bool:
    """Whether a verdict in words says that one is more robust than the other."""
    return verdict.endswith(_MORE)


def counted_verdicts(verdicts: Iterable[str]) -> str:
    """Count verdicts in words: "2 separated the two and 5 did not separate them"."""
    kinds = Counter(
        _MORE if claims_more(verdict) else next((kind for kind in _COUNTED if verdict.startswith(kind)), _NOT_SEPARATED)
        for verdict in verdicts
    )
    return join_words([f"{kinds[kind]} {words}" for kind, words in _COUNTED.items() if kinds[kind]])


def comparison_section(study: Study) -> Section:
    """Build the tables of differences in differences: declared comparisons first, exploratory ones labelled."""
    rows = study.frames["comparisons"]
    if not rows:
        nothing = Paragraph("With fewer than two encoders under noise there is nothing to compare.")
        return Section("comparisons", "Encoder against encoder", (nothing,))
    primary = [row for row in rows if is_primary(row)]
    exploratory = [row for row in rows if not is_primary(row)]
    blocks: list[Block] = [Paragraph(_READING)]
    if primary:
        blocks.append(_comparison_table(study, "primary", "Declared comparisons", primary))
    else:
        blocks.append(Paragraph("No comparison was declared beforehand: everything below is exploratory."))
    if exploratory:
        blocks.append(_comparison_table(study, "exploratory", "Exploratory comparisons", exploratory))
    blocks += _language_tables(study)
    return Section("comparisons", "Encoder against encoder", tuple(blocks))


def _language_tables(study: Study) -> list[Block]:
    """Return the differences by query language, a table per benchmark and setting; none of a single language."""
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
                for (noise, a, b), found in list(lines.items())[:_SHOWN_ROWS]
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
    note = f"The first {len(shown)} of {total} rows; language_comparisons.csv has all." if len(shown) < total else ""
    caption = f"Difference in differences on {benchmark}, {setting}, whole curves, by query language"
    return Table(f"comparisons-languages-{benchmark}-{setting}", caption, columns, tuple(shown), note=note)


def _language_cell(row: Row) -> Cell:
    claimed = bool(row) and claims_more(verdict_text(row))
    return Cell(signed_points(value(row, "difference_in_differences")), mark="strong" if claimed else "faint")


def _comparison_table(study: Study, kind: str, title: str, rows: Sequence[Row]) -> Table:
    several = len(study.benchmarks) > 1
    names = (*(("Benchmark",) if several else ()), "Noise", "Setting", "A against B")
    columns = [Column(name, number=False) for name in names]
    columns += [Column("Difference in differences"), Column("Log retention ratio"), Column("Adjusted\u00a0p")]
    columns.append(Column("Verdict", number=False))
    shown = tuple(_comparison_row(study, row, several=several) for row in _in_order(study, rows)[:_SHOWN_ROWS])
    table = Table(
        f"comparisons-{kind}",
        f"{title}: {measure_name(study.measure)}, {len(rows)} in all",
        tuple(columns),
        shown,
        len(names),
        f"The first {len(shown)} of {len(rows)} rows; comparisons.csv has all." if len(shown) < len(rows) else "",
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
    verdict = verdict_text(row)
    severity = severity_text(row["severity"])
    difference = interval(value(row, "ci_low"), value(row, "ci_high"))
    ratio = interval(value(row, "log_ratio_low"), value(row, "log_ratio_high"), 1.0, 3)
    lead = (Cell(row["benchmark"]),) if several else ()
    return (
        *lead,
        Cell(f"{row['perturbation']}, {'whole curve' if severity == 'curve' else severity}"),
        Cell(row["setting"]),
        Cell(" against ".join(marked(study, row["benchmark"], row[name]) for name in ("encoder_a", "encoder_b"))),
        Cell(signed_points(value(row, "difference_in_differences")), difference),
        Cell(number(value(row, "log_retention_ratio"), 3), ratio),
        Cell(p_value(value(row, "p_adjusted"))),
        Cell(verdict, mark="strong" if claims_more(verdict) else "faint"),
    )


def bias_section(study: Study) -> Section:
    """Build the tables of rank distance among parallel passages, clean and at the shown severity."""
    blocks: list[Block] = [Paragraph(_DISTANCE)]
    for benchmark in study.benchmarks:
        for measure in ("nRankDistance", "RankDistance"):
            tables = (_bias_table(study, benchmark, measure, names) for names in study.perturbation_blocks())
            blocks += [table for table in tables if table.rows]
    if len(blocks) == 1:
        blocks = [Paragraph("Rank distances need the multi setting, which this run does not have.")]
    return Section("bias", "Language bias under noise", tuple(blocks))


def _bias_table(study: Study, benchmark: str, measure: str, perturbations: Sequence[str]) -> Table:
    relative = measure == "nRankDistance"
    rows = []
    for encoder in study.encoders:
        where = {"benchmark": benchmark, "measure": measure, "encoder": encoder, "query_lang": "all"}
        found = {(row["perturbation"], value(row, "severity")): row for row in study.rows("bias", **where)}
        if found:
            rows.append(
                (
                    encoder_cell(study, benchmark, encoder),
                    *_bias_cells(study, found, perturbations, 100.0 if relative else 1.0),
                )
            )
    columns = [Column("Encoder", number=False), Column("clean")]
    for perturbation in perturbations:
        columns += [Column(perturbation), Column("change")]
    named = "Normalised rank distance" if relative else "Rank distance"
    unit = "in percent of the largest possible" if relative else "in ranks"
    caption = f"{named} on {benchmark}, {unit}, clean and at severity {severity_text(study.shown_severity)}"
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
