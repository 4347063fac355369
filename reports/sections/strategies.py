"""The section on training strategies: their levels over seeds, and their differences with intervals over seeds and queries."""

from __future__ import annotations

from collections.abc import Sequence

from robustir.reports.blocks import (
    Block,
    Cell,
    Column,
    Figure,
    Heading,
    IntervalPanel,
    Paragraph,
    Point,
    Section,
    Series,
    Table,
    up_to,
)
from robustir.reports.formats import (
    equals_p,
    interval,
    join_words,
    lead,
    measure_name,
    number,
    p_value,
    points,
    severity_text,
    signed_points,
)
from robustir.reports.sections.comparing import counted_claims
from robustir.reports.sections.focus import axis
from robustir.reports.sections.in_domain import MARK, noted
from robustir.reports.study import SETTINGS, Row, Study, value

__all__ = ["strategy_section", "strategy_sentence"]

_SEEN = "‡"
_CLEAN, _NOISY, _DEGRADATION = "clean", "noisy", "degradation"
_EXPLORATORY = "exploratory"
_BESIDE_CLEAN, _NOISES_A_TABLE = 4, 8  # columns that fit the width of a page
_READING = (
    "A strategy is a way of training, represented by encoders that differ in their seeds. Intervals and tests here treat both "
    "seeds and queries as random, so they apply to other seeds and other queries. All other sections show a "
    "strategy as the mean of its seeds, with intervals over queries only."
)
_COMPARING = (
    "A − B over paired seeds (the same start and the same pairs in the same order). Both the score under noise and the loss "
    "are compared: a difference in loss above zero means that A loses less. A verdict needs that difference and the log ratio "
    "of the retained shares to point the same way, each separated from zero after correction (the adjusted p is the larger of "
    "the two); a strategy that stays behind under noise is not called “more robust”. “Not separated” does not prove that the two are equal."
)


def strategy_section(study: Study) -> Section | None:
    """Build levels, figure and differences per benchmark; None if the run has no training strategies."""
    if not study.frames["strategy_scores"]:
        return None
    blocks: list[Block] = [Paragraph(_READING), Paragraph(_COMPARING)]
    several = len(study.benchmarks) > 1
    for benchmark in study.benchmarks:
        if several:
            blocks.append(Heading(benchmark))
        for frame, wording in (("", ""), ("attack_", " under attack")):
            levels = [row for row in study.rows(f"{frame}strategy_scores", benchmark=benchmark) if _shown(study, row)]
            rows = [row for row in study.rows(f"{frame}strategies", benchmark=benchmark) if _shown(study, row)]
            if not levels:
                continue
            if not frame:
                blocks += _level_tables(study, benchmark, levels)
            if rows:
                blocks.append(_figure(study, benchmark, rows, wording))
                blocks.append(_difference_table(study, benchmark, rows, wording))
    return Section("strategies", "Training strategies", tuple(blocks), open=up_to(blocks, Figure))


def _shown(study: Study, row: Row) -> bool:
    """Whether a row is clean or at the declared severity: the whole curve, or the only severity of the run."""
    if row["severity"] in {"0", "curve"}:
        return True
    frame = "attack_strategy_scores" if row["attacked"] else "strategy_scores"
    same = study.rows(frame, benchmark=row["benchmark"], setting=row["setting"], perturbation=row["perturbation"])
    return all(other["severity"] != "curve" for other in same)


def _settings(rows: Sequence[Row]) -> list[str]:
    return [setting for setting in SETTINGS if any(row["setting"] == setting for row in rows)]


def _noises(study: Study, rows: Sequence[Row]) -> list[str]:
    there = dict.fromkeys(row["perturbation"] for row in rows if row["perturbation"])
    return [name for name in study.perturbations if name in there] + [n for n in there if n not in study.perturbations]


def _name(row: Row) -> str:
    return f"{row['strategy']}\u00a0{MARK}" if row["in_domain"] else str(row["strategy"])


def _level_tables(study: Study, benchmark: str, rows: Sequence[Row]) -> list[Block]:
    """Clean level with its spread over seeds, and the change under each noise, per setting and strategy, in tables of few noises."""
    noises = _noises(study, rows)
    severities = sorted({severity_text(row["severity"]) for row in rows if row["perturbation"]})
    at = f"; change under noise ({_at(severities)})" if noises else ""
    title = (
        f"Strategies on {benchmark}: clean {measure_name(study.measure)} in points, mean over seeds with interval{at}"
    )
    tables: list[Block] = [_level_table(f"strategies-{benchmark}", title, rows, noises[:_BESIDE_CLEAN], clean=True)]
    for first in range(_BESIDE_CLEAN, len(noises), _NOISES_A_TABLE):
        more = f"Strategies on {benchmark}: change under more noise ({_at(severities)})"
        some = noises[first : first + _NOISES_A_TABLE]
        tables.append(_level_table(f"strategies-{benchmark}-{first}", more, rows, some, clean=False))
    return tables


def _level_table(name: str, title: str, rows: Sequence[Row], noises: Sequence[str], *, clean: bool) -> Table:
    lines, seen = [], False
    for setting in _settings(rows):
        for strategy in dict.fromkeys(row["strategy"] for row in rows):
            own = {row["perturbation"]: row for row in rows if (row["setting"], row["strategy"]) == (setting, strategy)}
            if "" not in own or not (clean or any(noise in own for noise in noises)):
                continue
            cells = [Cell(setting), Cell(_name(own[""])), *(_clean_cells(own[""]) if clean else ())]
            for noise in noises:
                row = own.get(noise, {})
                mark = f"\u00a0{_SEEN}" if row and row["seen"] else ""
                seen |= bool(mark)
                band = interval(value(row, "delta_low"), value(row, "delta_high"))
                cells.append(Cell(signed_points(value(row, "delta")) + mark, band))
            lines.append(tuple(cells))
    titles = ("Seeds", "Clean", "SD over seeds", "Lowest to highest seed") if clean else ()
    columns = [Column(name, number=False) for name in ("Setting", "Strategy")]
    columns += map(Column, (*titles, *noises))
    return noted(Table(name, title, tuple(columns), tuple(lines), 2, _seen_note() if seen else "", main=True))


def _clean_cells(row: Row) -> list[Cell]:
    return [
        Cell(str(row["seeds"])),
        Cell(points(value(row, "mean")), interval(value(row, "ci_low"), value(row, "ci_high"))),
        Cell(points(value(row, "seed_sd"), 2)),
        Cell(f"{points(value(row, 'seed_low'))} to {points(value(row, 'seed_high'))}"),
    ]


def _at(severities: Sequence[str]) -> str:
    return join_words(["over the whole curve" if text == "curve" else f"severity {text}" for text in severities])


def _seen_note() -> str:
    return f"{_SEEN} the strategy met this kind of noise in training, so this is not evidence of robustness to it."


def _pairs(rows: Sequence[Row]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((row["strategy_a"], row["strategy_b"]) for row in rows))


def _difference_table(study: Study, benchmark: str, rows: Sequence[Row], wording: str) -> Table:
    """Differences in clean and noisy scores and in degradation, a row per setting, pair and noise."""
    lines, seen = [], False
    found = {
        (row["setting"], row["strategy_a"], row["strategy_b"], row["perturbation"], row["quantity"]): row
        for row in rows
    }
    for setting in _settings(rows):
        for pair in _pairs(rows):
            for noise in ("", *_noises(study, rows)):
                score = found.get((setting, *pair, noise, _NOISY if noise else _CLEAN), {})
                change = found.get((setting, *pair, noise, _DEGRADATION), {})
                if not score:
                    continue
                seen |= _marks(score) != ["", ""]
                lines.append(_difference_line(setting, pair, noise, score, change))
    titles = ("Difference in score", "Adjusted\u00a0p", "Difference in loss", "Log retention ratio", "Adjusted\u00a0p")
    columns = [Column(name, number=False) for name in ("Setting", "A − B", "Queries")]
    columns += [*map(Column, titles), Column("Verdict on robustness", number=False)]
    notes = ["No p with fewer than 6 paired seeds."] if any(row["seeds"] < 6 for row in rows) else []
    if any(row["seeds"] < 2 for row in rows):
        notes.append("Of one seed no claim is made about the strategy: its encoder is compared as the others are.")
    exploratory = any(row["family"] == _EXPLORATORY for row in rows)
    notes += ["Exploratory: adjusted by Benjamini–Hochberg."] if exploratory else []
    notes += [_seen_note()] if seen else []
    return noted(
        Table(
            f"strategy-differences-{benchmark}{wording.replace(' ', '-')}",
            f"Differences between strategies on {benchmark}{wording}, in points of {measure_name(study.measure)}, "
            f"over {_seed_counts(rows)} paired seeds",
            tuple(columns),
            tuple(lines),
            3,
            " ".join(notes),
            main=True,
        )
    )


def _marks(score: Row) -> list[str]:
    """Return the marks after the names of A and B, for noise that they met in training."""
    return [f"\u00a0{_SEEN}" if score.get(f"seen_{side}") else "" for side in "ab"]


def _difference_line(setting: str, pair: tuple[str, str], noise: str, score: Row, change: Row) -> tuple[Cell, ...]:
    marks = _marks(score)
    domain = f"\u00a0{MARK}" if score.get("in_domain") else ""
    verdict = str(change["verdict"]) if change else "–"
    explored = change.get("family") == _EXPLORATORY
    ratio = interval(value(change, "log_ratio_low"), value(change, "log_ratio_high"), 1.0, 2)
    return (
        Cell(setting),
        Cell(f"{pair[0]}{marks[0]} − {pair[1]}{marks[1]}{domain}"),
        Cell(f"{noise} ({_EXPLORATORY})" if explored else noise or "clean queries"),
        _difference(score),
        Cell(p_value(value(score, "p_adjusted"))),
        _difference(change),
        Cell(number(value(change, "log_retention_ratio"), 2), ratio),
        Cell(p_value(value(change, "loss_p_adjusted"))),
        Cell(verdict, mark="strong" if change.get("favours") and not explored else "faint"),
    )


def _seed_counts(rows: Sequence[Row]) -> str:
    counts = sorted({int(row["seeds"]) for row in rows})
    return str(counts[0]) if counts[0] == counts[-1] else f"{counts[0]} to {counts[-1]}"


def _difference(row: Row) -> Cell:
    strong = bool(row and row["separated"])
    band = interval(value(row, "ci_low"), value(row, "ci_high"))
    return Cell(signed_points(value(row, "difference")), band, mark="" if strong or not row else "faint")


def _figure(study: Study, benchmark: str, rows: Sequence[Row], wording: str) -> Figure:
    """Differences in loss with their intervals: one panel per setting, one row per noise, one mark per pair."""
    losses = [row for row in rows if row["quantity"] == _DEGRADATION]
    noises, pairs = _noises(study, losses), _pairs(losses)
    panels = [_interval_panel(losses, setting, noises, pairs) for setting in _settings(losses)]
    limits = (
        limit for panel in panels for line in panel.series for point in line.points for limit in (point.low, point.high)
    )
    _, end = axis(side * limit for limit in limits for side in (-1, 1))
    return Figure(
        f"strategy-intervals-{benchmark}{wording.replace(' ', '-')}",
        f"Difference in loss, A − B, on {benchmark}{wording}, in points, with intervals over seeds and queries; right of "
        "zero A loses less. The table that follows marks noise that a strategy met in training.",
        "Differences in loss between strategies with their intervals; the table that follows has the numbers.",
        f"difference in loss (points of {measure_name(study.measure)})",
        "",
        end,
        min(3, max(1, len(panels))),
        tuple(panels),
        tuple((f"{a} − {b}", style) for style, (a, b) in enumerate(pairs)),
    )


def _interval_panel(
    losses: Sequence[Row], setting: str, noises: Sequence[str], pairs: Sequence[tuple[str, str]]
) -> IntervalPanel:
    series = tuple(
        Series(
            f"{a} − {b}",
            style,
            tuple(
                Point(
                    100 * value(row, "difference"),
                    float(noises.index(row["perturbation"])),
                    100 * value(row, "ci_low"),
                    100 * value(row, "ci_high"),
                )
                for row in losses
                if (row["setting"], row["strategy_a"], row["strategy_b"]) == (setting, a, b)
            ),
        )
        for style, (a, b) in enumerate(pairs)
    )
    return IntervalPanel(setting, tuple(noises), series)


def strategy_sentence(study: Study) -> str:
    """Count the verdicts of the declared comparisons of strategies, and name the largest difference; "" without strategies."""
    rows = [row for row in study.frames["strategies"] if row["quantity"] == _DEGRADATION]
    declared = [row for row in rows if row["family"] in {"strategies", "robust training"}]
    if not rows:
        return ""
    if not declared:
        return "All comparisons between training strategies are exploratory, so none of them is a finding by itself."
    if all(row["seeds"] < 2 for row in declared):
        return "Each training strategy has one seed, so its encoder is compared as the others are, and nothing is claimed of strategies."
    total = (
        f"Of {len(declared)} declared comparisons of how much training strategies lose under noise, over {_seed_counts(declared)} "
        f"paired seeds, {counted_claims(declared)}"
    )
    claims = [row for row in declared if row["favours"] and not (row["seen_a"] or row["seen_b"])]
    if not claims:
        return f"{total}; no strategy was shown to lose less under noise that it had not seen in training."
    best = max(claims, key=lambda row: abs(value(row, "difference")))
    difference, low, high = (value(best, name) for name in ("difference", "ci_low", "ci_high"))
    names = best["strategy_a"], best["strategy_b"]
    _, behind, much = lead(names, difference, low, high)
    return (
        f"{total}; the largest difference under noise that neither had seen in training: {best['verdict']} (against {behind}) under "
        f"{best['perturbation']} on {best['benchmark']}, {best['setting']} ({much}, "
        f"adjusted p {equals_p(value(best, 'loss_p_adjusted'))})."
    )
