"""Paired statistics over groups of queries: arrays in, frozen results out.

The same input gives the same bits.
"""

from __future__ import annotations

from robustir.stats.all_pairs import compact_letters, letter, randomised_tukey
from robustir.stats.clusters import ClusterSums, GroupCodes, cluster_sums, group_codes, standard_errors
from robustir.stats.comparisons import (
    difference,
    log_ratio,
    log_ratio_interval,
    retention_contributions,
    retention_difference,
)
from robustir.stats.curves import dose_at_loss, trapezoid_weights
from robustir.stats.effects import probability_of_superiority, spread, standardised_mean_difference
from robustir.stats.equivalence import beyond_margin, linearised_ratio, moved_reach, moved_within, within_margin
from robustir.stats.few_groups import (
    FEW_GROUPS,
    FEW_WORTH,
    effective_groups,
    few_groups_t_test,
    smallest_p,
    t_error,
    t_reach,
)
from robustir.stats.multiplicity import benjamini_hochberg, holm, max_t, max_t_over
from robustir.stats.power import (
    design_effects,
    detectable_difference,
    family_alpha,
    interval_half_width,
    minimum_detectable_difference,
    power_of,
    power_within,
    provable_margin,
)
from robustir.stats.protocol import (
    paired_test,
    reachable_p,
    t_test,
)
from robustir.stats.randomisation import SignFlips, cluster_t_test, randomisation_test, sign_flips, signed_rank_test
from robustir.stats.resampling import (
    Interval,
    bootstrap_weights,
    interval,
    paired_bootstrap_p,
    replicates,
    tail_rank,
)
from robustir.stats.strategies import (
    FEWEST_SEEDS,
    SeedDraws,
    SeededSums,
    joint_flips,
    joint_test,
    retention_scores,
    seed_draws,
    seeded_interval,
    seeded_test,
)

__all__ = [
    "FEWEST_SEEDS",
    "FEW_GROUPS",
    "FEW_WORTH",
    "ClusterSums",
    "GroupCodes",
    "Interval",
    "SeedDraws",
    "SeededSums",
    "SignFlips",
    "benjamini_hochberg",
    "beyond_margin",
    "bootstrap_weights",
    "cluster_sums",
    "cluster_t_test",
    "compact_letters",
    "design_effects",
    "detectable_difference",
    "difference",
    "dose_at_loss",
    "effective_groups",
    "family_alpha",
    "few_groups_t_test",
    "group_codes",
    "holm",
    "interval",
    "interval_half_width",
    "joint_flips",
    "joint_test",
    "letter",
    "linearised_ratio",
    "log_ratio",
    "log_ratio_interval",
    "max_t",
    "max_t_over",
    "minimum_detectable_difference",
    "moved_reach",
    "moved_within",
    "paired_bootstrap_p",
    "paired_test",
    "power_of",
    "power_within",
    "probability_of_superiority",
    "provable_margin",
    "randomisation_test",
    "randomised_tukey",
    "reachable_p",
    "replicates",
    "retention_contributions",
    "retention_difference",
    "retention_scores",
    "seed_draws",
    "seeded_interval",
    "seeded_test",
    "sign_flips",
    "signed_rank_test",
    "smallest_p",
    "spread",
    "standard_errors",
    "standardised_mean_difference",
    "t_error",
    "t_reach",
    "t_test",
    "tail_rank",
    "trapezoid_weights",
    "within_margin",
]
