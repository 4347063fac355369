"""Verdicts in complete nulls: encoders that do not differ, judged as a run judges them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustir.analysis.claims import Kind, claim_comparisons
from robustir.analysis.estimator import Estimator, Layout
from robustir.analysis.options import AnalysisOptions
from robustir.analysis.pairs import PairSums
from robustir.stats import max_t, sign_flips
from robustir.stats.rounding import side
from tests.stats.calibration.rates import Rate, rate
from tests.stats.calibration.worlds import ARTICLES, articles, equal_encoders

__all__ = ["verdicts_in_nulls"]

Floats = NDArray[np.float64]
ENCODERS, NOISES, FLIPS = 3, 4, 999
_PAIRS = tuple(combinations(range(ENCODERS), 2))


def verdicts_in_nulls(trials: int) -> Iterator[Rate]:
    """Families of three encoders and four noises, in which no encoder is better or worse in any way."""
    section = "Verdicts where encoders do not differ: families of three encoders and four noises"
    rng = np.random.default_rng(3)
    codes = articles(rng)
    layout = Layout.of(np.bincount(codes).astype(np.float64)[None])
    estimator = Estimator(ARTICLES, AnalysisOptions(flips=FLIPS, resamples=399, seed=1))
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    favoured, told, by_p, by_limits = [], [], [], []
    for _ in range(trials):
        clean, noisy = equal_encoders(rng, codes, ENCODERS, NOISES)
        frame = _claimed(layout, estimator, *(np.add.reduceat(part, starts, axis=-1) for part in (clean, noisy)))
        favoured.append(bool((frame["favours"] != "").any()))
        told.append(bool((frame["claim"] != str(Kind.NOT_SEPARATED)).any()))
        by_p.append(bool((frame["p"] <= 0.05).any()))
        limits = ("ci_low", "ci_high"), ("log_ratio_low", "log_ratio_high")
        by_limits.append(any(side(*row) for names in limits for row in frame[list(names)].itertuples(index=False)))
    yield rate(section, "families with a claim in favour of an encoder", 0.05, favoured, relation="<=")
    yield rate(section, "families with any claim", 0.05, told, relation="<=")
    yield rate(section, "families with p of 5% or less without correction", 0.05, by_p, relation="fails")
    yield rate(section, "families with an interval that excludes 0 on either scale", 0.05, by_limits, relation="fails")


def _claimed(layout: Layout, estimator: Estimator, clean: Floats, noisy: Floats) -> pd.DataFrame:
    """Return the claimed comparisons of clean [encoders, groups] and noisy [noises, encoders, groups] sums."""
    places = list(product(range(NOISES), _PAIRS))
    sides = [
        np.stack(
            [part[pair[one]] if part is clean else noisy[noise, pair[one]] - clean[pair[one]] for noise, pair in places]
        )
        for one in (0, 1)
        for part in (clean, noisy)
    ]
    sums = PairSums(layout, *(part[:, None] for part in sides))
    columns = {name: values[:, 0] for name, values in sums.columns(estimator, macro_only=True).items()}
    rows = [sums.contributions(row) for row in range(len(places))]
    flips = sign_flips(ARTICLES, FLIPS, 1)
    for first, second, names in (("points", "shares", ("p", "ratio_p")), ("clean", "noisy", ("clean_p", "noisy_p"))):
        adjusted = max_t(np.array([row[kind] for kind in (first, second) for row in rows]), flips).reshape(2, -1)
        for name, p in zip(names, adjusted, strict=True):
            columns[f"{name}_adjusted"] = np.maximum(p, columns[name])
    columns["loss_p_adjusted"] = np.maximum(columns["p_adjusted"], columns["ratio_p_adjusted"])
    names = {"encoder_a": [f"e{a}" for _, (a, _) in places], "encoder_b": [f"e{b}" for _, (_, b) in places]}
    places_of = {
        "perturbation": [f"n{noise}" for noise, _ in places],
        "benchmark": "b",
        "setting": "mono",
        "measure": "RR",
    }
    return claim_comparisons(
        pd.DataFrame({**columns, **names, **places_of}).assign(severity="0.3", near_floor=False, groups=ARTICLES)
    )
