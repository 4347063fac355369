"""One row per condition and quantity: a new run's scores and losses against its baseline, and the verdict on them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.options import AnalysisOptions
from robustir.analysis.reduced import ReducedSetting
from robustir.analysis.scores import clean_scores
from robustir.comparing.over_languages import COLUMNS as OVER_LANGUAGES
from robustir.comparing.over_languages import NOT_EQUAL, at_one_dose, holds_at_one_dose, without_each
from robustir.comparing.quantities import CLEAN, ONE, TWO, Quantity, measure_of
from robustir.evidence.scores import QueryScores
from robustir.stats import holm
from robustir.stats.rounding import above, below, settled, side

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ALPHA", "COLUMNS", "EQUIVALENT", "FLOORED", "SAME", "UNTOLD", "adjusted", "compared"]

ALPHA = 0.05
SAME, EQUIVALENT, UNTOLD, FLOORED = "the same", "equivalent", "not told", "near the floor"
_BETTER, _WORSE = "better", "worse"
# new and baseline are the two encoders of a joined block
_NEW, _BASELINE = 0, 1

COLUMNS = (
    "run", "benchmark", "setting", "measure", "encoder", "baseline_encoder", "perturbation", "severity", "quantity",
    "baseline", "new", "difference", "ci_low", "ci_high", "p", "p_adjusted", "outcome", "margin", "equivalence_low",
    "equivalence_high", "equivalence_p", "equivalence_p_adjusted", "log_retention_ratio", "log_ratio_low",
    "log_ratio_high", "n", "groups", *OVER_LANGUAGES,
)  # fmt: skip


def compared(
    blocks: Sequence[QueryScores], options: AnalysisOptions, measure: str | None, margin: float | None
) -> Iterator[dict[str, Any]]:
    """Yield the rows of joined blocks, before any p is adjusted: for every condition the scores, and the change.

    quantity: clean, noisy (the score under noise) or change (noisy - clean); the difference is new - baseline, so that
    above 0 the new run is better. Each has its range without each language in turn, and a change the same difference at one
    realised dose in every language (NaN with a single language).
    """
    for block in blocks:
        setting = ReducedSetting(block, options)
        chosen = measure_of(setting, measure) if setting.measures else None
        if chosen is None:
            continue
        floored = any(bool(clean_scores(setting, one).near_floor[chosen, 0]) for one in (_NEW, _BASELINE))
        for condition in (CLEAN, *block.conditions):
            where = {
                "benchmark": block.benchmark,
                "setting": block.setting,
                "measure": setting.measures[chosen],
                "perturbation": condition[0],
                "severity": condition[1],
            }
            for row in _rows(setting, condition, chosen, margin):
                yield {**where, "floored": floored and row["quantity"] == "change", **row}


def _differences(block: QueryScores, condition: tuple[str, float], measure: str) -> dict[str, NDArray[np.float64]]:
    """Return each query's difference new - baseline [v], by quantity; NaN if it was not scored."""
    at = block.measures.index(measure)
    clean = block.clean[_NEW, at] - block.clean[_BASELINE, at]
    if condition == CLEAN:
        return {"clean": clean}
    noisy = block.noisy[:, block.conditions.index(condition), at]
    gap = noisy[_NEW] - noisy[_BASELINE]
    return {"noisy": gap, "change": gap - clean}


def _rows(
    setting: ReducedSetting, condition: tuple[str, float], measure: int, margin: float | None
) -> Iterator[dict[str, Any]]:
    moved = {
        name: bool(np.nan_to_num(settled(values)).any())
        for name, values in _differences(setting.block, condition, setting.measures[measure]).items()
    }
    gap = TWO["gap"](setting, _NEW, _BASELINE, condition, measure)
    levels = [ONE["score"](setting, one, condition, measure) for one in (_BASELINE, _NEW)]
    if gap is not None:
        name = "clean" if condition == CLEAN else "noisy"
        yield {**_row(name, gap, levels, margin, still=not moved[name]), **without_each(setting, gap)}
    if condition == CLEAN:
        return
    loss = TWO["loss"](setting, _BASELINE, _NEW, condition, measure)  # the baseline's loss minus the new run's
    if loss is not None:
        changes = [ONE["delta"](setting, one, condition, measure) for one in (_BASELINE, _NEW)]
        yield {
            **_row("change", loss, changes, margin, still=not moved["change"]),
            **_ratio(setting, condition, measure),
            **without_each(setting, loss),
            **at_one_dose(setting, condition, measure),
        }


def _row(
    quantity: str, difference: Quantity, levels: Sequence[Quantity | None], margin: float | None, *, still: bool
) -> dict[str, Any]:
    """Return one row; ``still``: whether all scores are equal."""
    confidence = difference.options.confidence
    found, (rows, groups) = difference.limits(confidence), difference.sizes
    values = [math.nan if one is None else one.limits(confidence).value for one in levels]
    ends = difference.equivalence_limits(1 - 2 * ALPHA) if margin is not None else None
    return {
        "quantity": quantity,
        "baseline": values[0],
        "new": values[1],
        "difference": found.value,
        "ci_low": found.low,
        "ci_high": found.high,
        "p": math.nan if still else difference.p(),
        "still": still,
        "margin": math.nan if margin is None else margin,
        "equivalence_low": math.nan if ends is None else ends.low,
        "equivalence_high": math.nan if ends is None else ends.high,
        "equivalence_p": math.nan if margin is None else difference.equivalence_p(margin),
        "n": rows,
        "groups": groups,
    }


def _ratio(setting: ReducedSetting, condition: tuple[str, float], measure: int) -> dict[str, float]:
    """Return the log ratio of the retained shares, new over baseline."""
    pair = [ONE["retention"](setting, one, condition, measure) for one in (_NEW, _BASELINE)]
    names = ("log_retention_ratio", "log_ratio_low", "log_ratio_high")
    parts = [part for one in pair if one is not None and one.below is not None for part in (one.above, one.below)]
    if len(parts) != 4 or pair[0] is None or pair[1] is None or pair[0].layout is not pair[1].layout:
        return dict.fromkeys(names, math.nan)
    noisy, clean, other_noisy, other_clean = (part[None] for part in parts)
    found = setting.estimator.log_ratios(pair[0].layout, [noisy, other_clean], [clean, other_noisy], macro_only=True)
    values = (found.estimate, found.low, found.high)
    return {name: float(value[0, 0]) for name, value in zip(names, values, strict=True)}


def adjusted(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return all rows of a comparison with adjusted p and verdict.

    All tests of the comparison form one family, adjusted by Holm; the tests of equivalence form another.
    """
    import pandas as pd

    frame = pd.DataFrame(list(rows))
    for name in ("p", "equivalence_p"):
        frame[f"{name}_adjusted"] = holm(frame[name].to_numpy(dtype=np.float64))
    frame["outcome"] = [_outcome(row) for row in frame.to_dict("records")]
    kept: Any = frame.reindex(columns=list(COLUMNS))
    table: pd.DataFrame = kept.assign(hangs_on=kept["hangs_on"].fillna(""))
    return table


def _outcome(row: Mapping[Any, Any]) -> str:
    if row["still"]:
        return SAME
    if row["floored"]:
        return FLOORED
    direction = side(row["ci_low"], row["ci_high"])
    if direction and below(row["p_adjusted"], ALPHA):
        told = _BETTER if direction > 0 else _WORSE
        if row["quantity"] == "change" and side(row["log_ratio_low"], row["log_ratio_high"]) != direction:
            return f"{told} in points only"
        return told if row["quantity"] != "change" or holds_at_one_dose(row, direction) else f"{told}, {NOT_EQUAL}"
    return EQUIVALENT if below(row["equivalence_p_adjusted"], ALPHA) and _inside(row) else UNTOLD


def _inside(row: Mapping[Any, Any]) -> bool:
    """Whether the 90% interval lies inside the margin, as the test of equivalence requires."""
    return bool(above(row["equivalence_low"], -row["margin"]) and below(row["equivalence_high"], row["margin"]))


def options_for(tests: int, options: AnalysisOptions) -> AnalysisOptions:
    """Return options under which a family of tests can reject: the smallest p times the family's size is below alpha."""
    enough = math.ceil(2 * tests / ALPHA)
    if options.test == "bootstrap":
        return replace(options, resamples=max(options.resamples, enough))
    return replace(options, flips=max(options.flips, enough))
