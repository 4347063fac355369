"""The section on clean scores: every encoder's score without noise, and its floor."""

from __future__ import annotations

from robustir.reports.blocks import Block, Cell, Column, Heading, Notice, Paragraph, Section, Table
from robustir.reports.formats import clean_text, interval, language_name, measure_name, number, percent, points
from robustir.reports.sections.in_domain import encoder_cell, noted
from robustir.reports.sections.wide import cut_wide
from robustir.reports.study import Study, mean, value

__all__ = ["FLOOR_MARK", "clean_section", "language_columns"]

FLOOR_MARK = "†"
_FEW_TIES = 0.001  # a smaller share of tied relevant passages changes no digit shown


def language_columns(languages: tuple[str, ...]) -> tuple[Column, ...]:
    """Return one column per language: its code as title, its name as hint."""
    return tuple(Column(code, hint=language_name(code)) for code in languages)


def clean_section(study: Study) -> Section:
    """Build the section: per benchmark one macro table, and one table over the languages per setting."""
    blocks: list[Block] = [
        Paragraph(
            f"Scores are {measure_name(study.measure)} in points (hundredths), averaged first within each language "
            "or pair of languages and then over them. Brackets hold the confidence interval. The floor is the score of the "
            "same encoder with the queries shuffled within their language (the mean over all orders of tied passages): "
            "a score that is not separated from its floor has nothing left to lose."
        )
    ]
    for benchmark in study.benchmarks:
        if len(study.benchmarks) > 1:
            blocks.append(Heading(benchmark))
        blocks.append(noted(_macro_table(study, benchmark)))
        ties = _ties_table(study, benchmark)
        if ties.rows:
            blocks.append(ties)
        note = study.settings_note(benchmark)
        if note:
            blocks.append(Paragraph(f"{benchmark}: {clean_text(note)}."))
        blocks += [Notice(f"{benchmark}: {clean_text(note)}.") for note in study.notes(benchmark)]
        for setting in study.settings(benchmark):
            blocks.extend(cut_wide(noted(_language_table(study, benchmark, setting))))
    return Section("clean-scores", "Clean scores", tuple(blocks))


def _macro_table(study: Study, benchmark: str) -> Table:
    settings = study.settings(benchmark)
    columns = [Column("Encoder", number=False)]
    for setting in settings:
        columns += [Column(setting), Column("floor")]
    rows = []
    marked = False
    for encoder in study.encoders:
        cells = [encoder_cell(study, benchmark, encoder)]
        for setting in settings:
            found = study.macro("scores", benchmark=benchmark, setting=setting, encoder=encoder)
            if not found:
                cells += [Cell("–"), Cell("–")]
                continue
            row = found[0]
            near = study.near_floor(benchmark, setting, encoder)
            marked |= near
            score = points(value(row, "clean")) + (FLOOR_MARK if near else "")
            cells += [
                Cell(score, interval(value(row, "ci_low"), value(row, "ci_high"))),
                Cell(points(value(row, "floor")), mark="faint"),
            ]
        rows.append(tuple(cells))
    note = (
        f"{FLOOR_MARK} near its floor (not separated from it, or the floor is over a quarter of the score): no claim about robustness."
        if marked
        else ""
    )
    return Table(
        f"clean-{benchmark}",
        f"Clean {measure_name(study.measure)} on {benchmark}, per setting: macro mean, interval, and floor",
        tuple(columns),
        tuple(rows),
        note=note,
        main=True,
    )


def _ties_table(study: Study, benchmark: str) -> Table:
    """Return the shares of tied and unretrieved relevant passages, a row per encoder with any."""
    settings = study.settings(benchmark)
    columns = [Column("Encoder", number=False)]
    for setting in settings:
        columns += [Column(f"{setting}, tied"), Column("not retrieved")]
    rows = []
    for encoder in study.encoders:
        shares: list[float] = []
        for setting in settings:
            found = study.macro("scores", benchmark=benchmark, setting=setting, encoder=encoder)
            row = found[0] if found else {}
            shares += [value(row, "tied_share"), value(row, "missed_share")]
        if any(share >= _FEW_TIES for share in shares):
            rows.append((encoder_cell(study, benchmark, encoder), *(Cell(percent(share, 1)) for share in shares)))
    note = (
        "Tied: relevant passages with the same score as another candidate; ties are ordered by passage id, as in "
        "trec_eval. Not retrieved: relevant passages that share no word with the query, so no measure finds them. "
        "Encoders with less than 0.1% of either are left out."
    )
    caption = f"Relevant passages of {benchmark} that are tied or not retrieved, clean queries"
    return Table(f"ties-{benchmark}", caption, tuple(columns), tuple(rows), note=note)


def _language_table(study: Study, benchmark: str, setting: str) -> Table:
    languages = study.languages(benchmark)
    rows = []
    for encoder in study.encoders:
        cells = [encoder_cell(study, benchmark, encoder)]
        for lang in languages:
            found = study.rows("scores", benchmark=benchmark, setting=setting, encoder=encoder, query_lang=lang)
            score = mean(value(row, "clean") for row in found)
            cells.append(Cell(points(score, 0), heat=_level(score)))
        rows.append(tuple(cells))
    over = " (mean over passage languages)" if setting == "cross" else ""
    return Table(
        f"clean-{benchmark}-{setting}",
        f"Clean {measure_name(study.measure)} by query language, {setting}{over}",
        (Column("Encoder", number=False), *language_columns(languages)),
        tuple(rows),
        scale="sequential",
    )


def _level(score: float) -> int | None:
    """Return the step of the sequential scale: 0 for 0-10 points up to 9 for 90-100."""
    return None if number(score) == "–" else min(9, max(0, int(score * 10)))
