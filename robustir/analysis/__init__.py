"""Per-query scores in, findings out: tables with an interval and a test beside every number.

Everything that a report claims is decided here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from robustir.analysis.claims import ALPHA, claim_comparisons, claim_contrasts, claim_equivalence, claim_strategies
from robustir.analysis.families import (
    adjust_comparisons,
    adjust_contrasts,
    adjust_equivalence,
    adjust_exploratory,
    adjust_strategies,
    without_twins,
)
from robustir.analysis.findings import TABLES, Findings, empty_table, read_findings, write_findings
from robustir.analysis.hypotheses import Hypotheses
from robustir.analysis.options import AnalysisOptions
from robustir.analysis.over_languages import claim_over_languages
from robustir.analysis.parts import EQUAL_DOSES, EQUAL_STRATEGIES, Part, Roles, parts_of
from robustir.analysis.tables import Grids
from robustir.evidence.scores import QueryScores

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "TABLES",
    "AnalysisOptions",
    "Findings",
    "analyse",
    "empty_table",
    "findings_of",
    "read_findings",
    "write_findings",
]

_FROM_SCORES = (
    "scores", "contrasts", "curves", "areas", "comparisons", "language_comparisons", "rank_groups", "rank_pairs",
    "equivalence", "corruption", "variance", "trend", "orders", "agreement", "bias", "strategies", "strategy_scores",
)  # fmt: skip
_NAMED = ("encoder", "encoder_a", "encoder_b", "strategy", "strategy_a", "strategy_b")


def analyse(blocks: Iterable[QueryScores], options: AnalysisOptions | None = None) -> Findings:
    """Return the findings of blocks of per-query scores (one per benchmark and setting, in suite order).

    The order of a block's rows does not matter. Training strategies have two tables of their own; in the others a strategy
    is the mean of its seeds, and strategies are not compared. ``validity`` and ``examples`` are empty: they need the texts.
    Raises InputError if a block lacks the primary measure.
    """
    chosen = options or AnalysisOptions()
    return findings_of(parts_of(blocks, chosen), chosen)


def findings_of(parts: Iterable[Part], options: AnalysisOptions) -> Findings:
    """Return the findings of the parts of all blocks, in suite order: p-values adjusted over whole families, and claims."""
    grids = {name: Grids(name) for name in _FROM_SCORES}
    grids |= {EQUAL_DOSES: Grids("comparisons"), EQUAL_STRATEGIES: Grids("strategies")}
    changes, pairs, equal = (Hypotheses(options) for _ in range(3))
    roles: Roles = {}
    for part in parts:
        for name, table in part.tables.items():
            grids[name].extend(table)
        for whole, own in zip((changes, pairs, equal), part.hypotheses, strict=True):
            whole.extend(own)
        roles |= part.roles
    frames = {name: grids[name].frame() for name in _FROM_SCORES}
    frames["contrasts"] = claim_contrasts(
        adjust_contrasts(frames["contrasts"], roles, options, changes), options.unreached
    )
    frames["comparisons"] = _compared(frames["comparisons"], grids[EQUAL_DOSES].frame(), roles, options, (pairs, equal))
    by_language = adjust_exploratory(frames["language_comparisons"], roles, options)
    frames["language_comparisons"] = claim_comparisons(by_language, options.unreached)
    frames["equivalence"] = claim_equivalence(
        adjust_equivalence(frames["equivalence"], options), options.margins, options.unreached
    )
    frames["strategies"] = _compared_strategies(frames["strategies"], grids[EQUAL_STRATEGIES].frame(), roles, options)
    tables: dict[str, Any] = {name: _as_listed(name, frame, options) for name, frame in frames.items()}
    return Findings(**tables, options=options)


def _compared(
    frame: pd.DataFrame,
    equal: pd.DataFrame,
    roles: Roles,
    options: AnalysisOptions,
    hypotheses: tuple[Hypotheses, Hypotheses],
) -> pd.DataFrame:
    """Return the comparisons with their claims; ``equal`` are the same of the primary measure alone, at one dose."""
    compared = claim_comparisons(adjust_comparisons(frame, roles, options, hypotheses[0]), options.unreached)
    at_one_dose = claim_comparisons(
        adjust_comparisons(equal, without_twins(roles), options, hypotheses[1]), options.unreached
    )
    return claim_over_languages(compared, at_one_dose)


def _compared_strategies(
    frame: pd.DataFrame, equal: pd.DataFrame, roles: Roles, options: AnalysisOptions
) -> pd.DataFrame:
    """Return the differences between strategies with their claims; ``equal`` are those of the primary measure at one dose."""
    found = claim_strategies(adjust_strategies(frame, roles, options), options.unreached)
    at_one_dose = claim_strategies(adjust_strategies(equal, without_twins(roles), options), options.unreached)
    return claim_over_languages(found, at_one_dose)


def _as_listed(name: str, frame: pd.DataFrame, options: AnalysisOptions) -> pd.DataFrame:
    """Columns in the order and with the types of the table; what is the same for all rows is set here."""
    known = options.in_domain
    named = [frame[column] for column in _NAMED if column in TABLES[name]]
    frame = frame.assign(
        in_domain=[
            any((row[0], one) in known for one in row[1:]) for row in zip(frame["benchmark"], *named, strict=True)
        ],
        # Strategies over seeds have a test and an interval of their own.
        test="min F'" if name == "strategies" else options.test,
        interval="studentised" if name == "strategies" else options.interval,
        **({} if name != "equivalence" else _margins(options)),
    )
    return frame.reindex(columns=list(TABLES[name])).astype(empty_table(name).dtypes.to_dict())


def _margins(options: AnalysisOptions) -> dict[str, float]:
    margins = options.margins
    absolute, relative = (math.nan, math.nan) if margins is None else (margins.absolute, margins.relative)
    return {"margin": absolute, "ratio_margin": relative, "confidence": 1 - 2 * ALPHA}
