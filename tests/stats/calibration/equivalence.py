"""Claims of equivalence: how often a change that lies at the margin is called equivalent, and how often no change is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustir.analysis.claims import claim_equivalence
from robustir.analysis.estimator import moved_groups
from robustir.analysis.options import Margins
from robustir.stats import (
    ClusterSums,
    beyond_margin,
    cluster_t_test,
    linearised_ratio,
    log_ratio,
    provable_margin,
    t_error,
    t_reach,
    within_margin,
)
from tests.stats.calibration.rates import Rate, rate
from tests.stats.calibration.worlds import ARTICLES, QUESTIONS, articles, scores, summed

__all__ = ["claims_of_equivalence"]

Floats = NDArray[np.float64]
ALPHA = 0.05
_WORLDS = (
    (ARTICLES, QUESTIONS, 0.15),
    (10, 250, 0.35),
)  # groups, questions, and a loss of three standard errors or more
_WIDE = 0.5  # a margin that decides nothing


def claims_of_equivalence(trials: int) -> Iterator[Rate]:
    """Noisy and clean reciprocal ranks of one encoder, whose true change is the margin, or nothing."""
    section = "Equivalence within a margin, discrete ranks"
    for groups, questions, loss in _WORLDS:
        rng = np.random.default_rng(200 + groups)
        codes = articles(rng, groups, questions)
        clean, noisy = (summed(part, codes) for part in scores(rng, trials, codes, loss=loss))
        change = ClusterSums(noisy.sums - clean.sums, clean.counts)
        points = abs(float(change.estimates.mean()))
        share = 1 - float(noisy.estimates.mean() / clean.estimates.mean())
        what = f"{groups} groups"
        for scale, margins in _scales(points, share):
            hits = _equivalent(clean, noisy, margins)
            where = f"{what}, change at the margin in {scale}: called equivalent"
            yield rate(section, where, ALPHA, hits, relation="<=", slack=0.015)
        untold = cluster_t_test(change) > ALPHA
        where = f'{what}, change at the margin: "no significant change" taken for equivalence'
        yield rate(section, where, ALPHA, untold, relation="fails")
        same, moved = scores(rng, trials, codes)
        alone = ClusterSums((moved - same)[:, None], np.ones((1, len(codes))))
        yield from _nothing_lost(section, what, summed(same, codes), summed(moved, codes), alone)


def _scales(points: float, share: float) -> tuple[tuple[str, Margins], ...]:
    return (
        ("points", Margins(points, _WIDE)),
        ("shares", Margins(_WIDE, share)),
        ("both scales", Margins(points, share)),
    )


def _nothing_lost(
    section: str, what: str, clean: ClusterSums, noisy: ClusterSums, alone: ClusterSums
) -> Iterator[Rate]:
    """No change at all: claims within the smallest margin that can be shown in 80%."""
    change = ClusterSums(noisy.sums - clean.sums, clean.counts)
    linear = linearised_ratio([noisy], [clean])
    of_points, of_shares = (_provable(part) for part in (change, linear))
    for scale, margins in _scales(of_points, -float(np.expm1(-of_shares)))[:2]:
        where = f"{what}, nothing lost, smallest margin in {scale} that can be shown in 80%: called equivalent"
        yield rate(section, where, 0.8, _equivalent(clean, noisy, margins), relation=">=", slack=0.02)
    small = within_margin(alone.estimates, alone, _provable(alone)) <= ALPHA
    where = f"{what}, nothing lost, margin by the spread of single questions: called equivalent"
    yield rate(
        section, where, 0.8, small & _equivalent(clean, noisy, Margins(_provable(alone), _WIDE)), relation="fails"
    )


def _provable(clusters: ClusterSums) -> float:
    """Return the smallest margin that can be shown in 80%, as ``robustir plan`` calculates it, by the usual error."""
    error, freedom = t_error(clusters)
    return provable_margin(float(np.sqrt(np.square(error).mean())), freedom)


def _equivalent(clean: ClusterSums, noisy: ClusterSums, margins: Margins) -> NDArray[np.bool_]:
    """Return which trials a run with these margins calls equivalent, each the only hypothesis of its family."""
    change = ClusterSums(noisy.sums - clean.sums, clean.counts)
    linear = linearised_ratio([noisy], [clean])
    points, shares = change.estimates, log_ratio([noisy], [clean])
    sides = ((points, change, margins.absolute), (shares, linear, margins.log_ratio))
    reach, of_shares = (t_reach(clusters, 1 - 2 * ALPHA) for clusters in (change, linear))
    frame = pd.DataFrame(
        {
            "low": points - reach,
            "high": points + reach,
            "ratio_low": np.exp(shares - of_shares),
            "ratio_high": np.exp(shares + of_shares),
            "p": np.maximum(*[within_margin(*one) for one in sides]),
            "different_p": np.minimum(1.0, 2 * np.fmin(*[beyond_margin(*one) for one in sides])),
            "moved_groups": moved_groups(change.sums, macro_only=True)[:, 0],
        }
    ).assign(groups=change.groups, encoder_b="", near_floor=False)
    frame = frame.assign(p_adjusted=frame["p"], different_p_adjusted=frame["different_p"])
    verdicts = claim_equivalence(frame, margins)["verdict"]
    return np.asarray(verdicts.str.startswith("equivalent"), dtype=np.bool_)
