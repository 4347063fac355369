"""Natural noise against the synthetic noise that imitates it, at one realised dose: how much it costs, and whom.

The synthetic change is read off its curve at the dose of the natural noise: a fixed combination of severities for every
query, as :mod:`robustir.analysis.equal_dose` makes for languages. The dose is the word edit rate if the curve reaches it,
else the character error rate. Doses are known before any encoder sees a text, so they have no sampling error.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.equal_dose import weights_at
from robustir.analysis.estimator import CHANGE, Layout, few_moved, moved_groups
from robustir.analysis.reduced import ReducedSetting
from robustir.analysis.scores import CleanScores
from robustir.analysis.tables import ALL, Grids, labelled
from robustir.stats.rounding import below
from robustir.stats.trend import kendall_tau, percentile_limits

__all__ = ["FEWEST_FOR_TAU", "add_agreement"]

Floats = NDArray[np.float64]

FEWEST_FOR_TAU = 5  # encoders that are not variants: of four only six pairs have an order
_REACHED = 0.75  # of the natural dose: a curve that ends below it says nothing about the size of the loss
_DOSES = ("word_edit_rate", "char_error_rate")
_LIMITS = ("delta", "low", "high")


@dataclass(frozen=True, slots=True)
class _Pair:
    """A natural noise and a synthetic one over the rows that all their encoders have.

    encoders: their numbers; natural: the number of its condition; synthetic: those of its severities, none if nothing
    imitates the noise. changes: group sums of the primary measure, natural then synthetic, float64 [2, e, views, groups].
    """

    names: tuple[str, str]
    severity: float
    encoders: tuple[int, ...]
    layout: Layout
    changes: Floats
    dose_kind: str
    doses: tuple[float, float]

    @property
    def note(self) -> str:
        """Why the sizes of the changes cannot be compared, or what to mind; "" if both have one dose."""
        if not self.names[1]:
            return "nothing in the run imitates it"
        share = self.doses[1] / self.doses[0] if self.doses[0] else np.nan
        return "" if share > 1 - 1e-9 else f"its largest dose is {share:.2f} of the natural one"

    @property
    def comparable(self) -> bool:
        """Whether the synthetic noise comes close enough to the natural dose for a ratio."""
        return bool(self.names[1]) and self.doses[1] >= _REACHED * self.doses[0] > 0


def add_agreement(
    table: Grids, setting: ReducedSetting, scores: Sequence[CleanScores], strategies: AbstractSet[str]
) -> None:
    """Add rows per natural noise and imitation, of every encoder and of all of them, in the primary measure.

    Nothing if no noise of the setting imitates a natural one; natural noises that nothing imitates have rows of their own
    then. Training ``strategies`` and encoders near their floor are left out of the rows over all encoders.
    """
    treatments = {name: setting.block.treatment(name) for name in setting.noises}
    naturals = [name for name, one in treatments.items() if one.natural]
    pairs = [(name, other) for name in naturals for other, one in treatments.items() if name in one.imitates]
    if not pairs:
        return
    alone = [(name, "") for name in naturals if name not in {natural for natural, _ in pairs}]
    for names in [*pairs, *alone]:
        pair = _pair(setting, names)
        if pair is not None:
            _write(table, setting, pair, scores, strategies)


def _pair(setting: ReducedSetting, names: tuple[str, str]) -> _Pair | None:
    """Return the changes of a pair; None if no encoder has scores of both."""
    natural = setting.perturbations[names[0]][-1]
    synthetic = setting.perturbations.get(names[1], ())
    primary = setting.primary
    conditions = (natural, *synthetic)
    masks = {}
    for encoder in range(len(setting.block.encoders)):
        mask = np.isfinite(setting.clean(encoder)[primary])
        for condition in conditions:
            mask &= np.isfinite(setting.noisy(encoder, condition)[primary])
        if mask.any():
            masks[encoder] = mask
    shared = np.logical_and.reduce(list(masks.values())) if masks else np.zeros(0, dtype=np.bool_)
    if not shared.any():
        return None
    layout = setting.layout(shared)
    kind, doses, weights = _at_one_dose(setting, layout, shared, natural, synthetic)
    changes = np.zeros((2, len(masks), *layout.counts.shape))
    for place, encoder in enumerate(masks):
        change = {condition: setting.change(encoder, condition, primary) for condition in conditions}
        mixed = sum(
            (weight * change[one] for weight, one in zip(weights, synthetic, strict=True)), np.zeros(len(shared))
        )
        for side, values in enumerate((change[natural], mixed)):
            changes[side, place] = setting.rows.group_sums(np.where(shared, values, 0.0))
    setting.forget()
    severity = float(setting.block.conditions[natural][1])
    return _Pair(names, severity, tuple(masks), layout, changes, kind, doses)


def _at_one_dose(
    setting: ReducedSetting, layout: Layout, mask: NDArray[np.bool_], natural: int, synthetic: tuple[int, ...]
) -> tuple[str, tuple[float, float], Floats]:
    """Return the kind of dose, the natural and the synthetic dose, and the weights of the synthetic severities."""
    found = []
    for kind in _DOSES:
        rates = setting.rows.sorted(getattr(setting.block, kind)[[natural, *synthetic]])
        means = setting.rows.view_means(np.where(mask, rates, np.nan))[:, layout.present].mean(axis=1)
        wanted, curve = float(means[0]), means[1:]
        reached = min(wanted, float(curve.max(initial=0.0)))
        found.append((reached / wanted if wanted > 0 else 0.0, kind, (wanted, reached), weights_at(curve, reached)))
    _, kind, doses, weights = max(found, key=lambda one: one[0])  # of equal ones the first: the word edit rate
    return kind, doses if synthetic else (doses[0], np.nan), weights


def _write(
    table: Grids,
    setting: ReducedSetting,
    pair: _Pair,
    scores: Sequence[CleanScores],
    strategies: AbstractSet[str],
) -> None:
    names = [setting.block.encoders[number] for number in pair.encoders]
    # In the views of the pair: an encoder far from its floor in English may be near it in Arabic.
    floors = np.stack([scores[number].near_floor[setting.primary] for number in pair.encoders])
    near: NDArray[np.bool_] = floors[:, 0] | floors[:, 1 + pair.layout.present].all(axis=1)
    judged = [place for place, name in enumerate(names) if name not in strategies and not near[place]]
    kinds = [setting.options.kinds.get(names[place], names[place]) for place in judged]
    fitted = [judged[kinds.index(kind)] for kind in dict.fromkeys(kinds)]
    changes = pair.changes
    if fitted:  # the mean over encoders is one more row
        changes = np.concatenate([changes, changes[:, fitted].mean(axis=1, keepdims=True)], axis=1)
    labels = [*names, ALL][: changes.shape[1]]
    sizes = {"n": pair.layout.sizes[0][0], "groups": pair.layout.sizes[1][0]}
    compared = _compared(setting, pair, changes)
    tau = np.full((3, len(labels)), np.nan)
    # Orders at two doses, or of losses that may be none, agree or disagree for reasons of their own.
    if np.isfinite(compared["ratio"][-1]) and len(fitted) >= FEWEST_FOR_TAU:
        tau[:, -1] = _tau(setting, pair, fitted)
    counted = np.array([1] * len(names) + [len(fitted)] * (len(labels) - len(names)))
    table.add(
        np.ones(len(labels), dtype=np.bool_),
        benchmark=setting.block.benchmark,
        setting=setting.block.setting,
        natural=pair.names[0],
        synthetic=pair.names[1],
        severity=pair.severity,
        measure=setting.measures[setting.primary],
        encoder=labelled(labels),
        dose_kind=pair.dose_kind,
        natural_dose=pair.doses[0],
        synthetic_dose=pair.doses[1],
        **compared,
        **dict(zip(("tau", "tau_low", "tau_high"), tau, strict=True)),
        encoders=counted,
        **sizes,
        near_floor=np.concatenate([near, np.zeros(len(labels) - len(names), dtype=np.bool_)]),
    )


def _compared(setting: ReducedSetting, pair: _Pair, changes: Floats) -> dict[str, Any]:
    """Return both changes, their difference and their ratio with limits, and notes, [e] each; changes [2, e, ...]."""
    columns: dict[str, Any] = {}
    sides = {"natural": changes[0], "synthetic": changes[1], "difference": changes[0] - changes[1]}
    for side, sums in sides.items():
        found = setting.estimator.intervals(pair.layout, sums, macro_only=True, possible=CHANGE)
        found = found.without(few_moved(moved_groups(sums, macro_only=True), pair.layout.sizes[1][0]))
        values = np.stack([found.estimate[:, 0], found.low[:, 0], found.high[:, 0]])
        if side != "natural" and not pair.names[1]:
            values[:] = np.nan
        names = ("difference", "difference_low", "difference_high") if side == "difference" else None
        columns |= dict(zip(names or [f"{side}_{part}" for part in _LIMITS], values, strict=True))
    lost = np.array([below(high) for high in columns["synthetic_high"]], dtype=np.bool_)
    usable = lost & pair.comparable
    one, other = (setting.estimator.replicated(pair.layout.macro(side)) for side in changes)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(usable[:, None], one / other, np.nan)
    limits = percentile_limits(ratios[:, 1:], setting.options.confidence)
    columns |= {"ratio": ratios[:, 0], "ratio_low": limits[0], "ratio_high": limits[1]}
    unclear = pair.comparable & ~lost
    columns["note"] = labelled(
        ["the synthetic loss is not separated from 0" if one else pair.note for one in unclear.tolist()]
    )
    return columns


def _tau(setting: ReducedSetting, pair: _Pair, fitted: Sequence[int]) -> Floats:
    """Return Kendall's tau of the encoders' changes under both noises, and its limits."""
    one, other = (setting.estimator.replicated(pair.layout.macro(side[list(fitted)])) for side in pair.changes)
    found = kendall_tau(one, other)
    low, high = percentile_limits(found[1:], setting.options.confidence)
    return np.array([found[0], low, high])
