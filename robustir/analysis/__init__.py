"""Per-query scores in, findings out: tables with an interval and a test beside every number.

Everything that a report claims is decided here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import TYPE_CHECKING, Any

from robustir.analysis.agreement import add_agreement
from robustir.analysis.bias import add_bias
from robustir.analysis.by_language import add_language_comparisons
from robustir.analysis.claims import ALPHA, claim_comparisons, claim_contrasts, claim_equivalence, claim_strategies
from robustir.analysis.comparisons import add_comparisons
from robustir.analysis.contrasts import add_contrasts
from robustir.analysis.corruption import add_corruption
from robustir.analysis.curves import add_areas, add_curves
from robustir.analysis.equivalence import add_equivalence
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
from robustir.analysis.over_seeds import mean_over_seeds
from robustir.analysis.rank_groups import add_rank_groups
from robustir.analysis.reduced import ReducedSetting
from robustir.analysis.scores import CleanScores, add_scores, clean_scores
from robustir.analysis.strategies import add_strategies
from robustir.analysis.tables import Grids
from robustir.analysis.trends import add_trends
from robustir.analysis.variance import add_variance
from robustir.evidence.scores import QueryScores
from robustir.stats.threads import in_threads

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TABLES", "AnalysisOptions", "Findings", "analyse", "empty_table", "read_findings", "write_findings"]

Roles = dict[tuple[str, str], tuple[str, Mapping[str, str]]]
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
    grids = {name: Grids(name) for name in _FROM_SCORES}
    equal_doses, equal_strategies = Grids("comparisons"), Grids("strategies")
    changes, pairs, equal = (Hypotheses(chosen) for _ in range(3))
    roles: Roles = {}
    for block in blocks:
        seeded = setting = ReducedSetting(block, chosen)
        if block.trained:
            add_strategies((grids["strategies"], equal_strategies), grids["strategy_scores"], seeded, chosen.compare)
            setting = ReducedSetting(mean_over_seeds(block), chosen)
        add_variance(grids["variance"], seeded)
        add_bias(grids["bias"], setting)
        if setting.measures:
            strategies = {member.strategy for member in block.trained.values()}
            _add_setting(grids | {"equal doses": equal_doses}, (changes, pairs, equal), setting, strategies)
            roles[block.benchmark, block.setting] = (setting.measures[setting.primary], setting.twins)
        del block, seeded, setting  # before the next block is read
    frames = {name: grids[name].frame() for name in _FROM_SCORES}
    frames["contrasts"] = claim_contrasts(
        adjust_contrasts(frames["contrasts"], roles, chosen, changes), chosen.unreached
    )
    frames["comparisons"] = _compared(frames["comparisons"], equal_doses.frame(), roles, chosen, (pairs, equal))
    by_language = adjust_exploratory(frames["language_comparisons"], roles, chosen)
    frames["language_comparisons"] = claim_comparisons(by_language, chosen.unreached)
    frames["equivalence"] = claim_equivalence(
        adjust_equivalence(frames["equivalence"], chosen), chosen.margins, chosen.unreached
    )
    frames["strategies"] = _compared_strategies(frames["strategies"], equal_strategies.frame(), roles, chosen)
    tables: dict[str, Any] = {name: _as_listed(name, frame, chosen) for name, frame in frames.items()}
    return Findings(**tables, options=chosen)


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


def _add_setting(
    grids: dict[str, Grids],
    hypotheses: tuple[Hypotheses, Hypotheses, Hypotheses],
    setting: ReducedSetting,
    strategies: AbstractSet[str],
) -> None:
    changes, pairs, equal = hypotheses
    setting.reduce_all()
    scores = [clean_scores(setting, encoder) for encoder, _ in enumerate(setting.block.encoders)]
    of_encoders = in_threads(partial(_of_encoder, changes, setting, scores), range(len(scores)))
    for tables in of_encoders:
        for name, table in tables.items():
            grids[name].extend(table)
    both = grids["comparisons"], grids["equal doses"]
    add_comparisons(both, (pairs, equal), setting, scores, strategies)
    add_rank_groups(grids["rank_groups"], grids["rank_pairs"], setting, scores, strategies)
    add_equivalence(grids["equivalence"], setting, scores, strategies)
    add_corruption(grids["corruption"], setting, scores)
    add_trends(grids["trend"], grids["orders"], setting, scores, strategies)
    add_agreement(grids["agreement"], setting, scores, strategies)
    add_language_comparisons(grids["language_comparisons"], setting, scores, strategies)


def _of_encoder(
    changes: Hypotheses, setting: ReducedSetting, scores: Sequence[CleanScores], encoder: int
) -> dict[str, Grids]:
    """Return the tables of single encoders, with the rows of one."""
    grids = {name: Grids(name) for name in ("scores", "contrasts", "curves", "areas")}
    found = scores[encoder]
    add_scores(grids["scores"], setting, encoder, found)
    for perturbation in setting.perturbations:
        noise = setting.noise(encoder, perturbation)
        if noise is not None:
            add_contrasts(grids["contrasts"], changes, setting, encoder, noise, found)
            add_curves(grids["curves"], setting, encoder, noise)
            add_areas(grids["areas"], setting, encoder, noise, found)
    return grids
