"""What one block of scores, a benchmark in a setting, adds to the findings; blocks know nothing of each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial

from robustir.analysis.agreement import add_agreement
from robustir.analysis.bias import add_bias
from robustir.analysis.by_language import add_language_comparisons
from robustir.analysis.comparisons import add_comparisons
from robustir.analysis.contrasts import add_contrasts
from robustir.analysis.corruption import add_corruption
from robustir.analysis.curves import add_areas, add_curves
from robustir.analysis.equivalence import add_equivalence
from robustir.analysis.hypotheses import Hypotheses
from robustir.analysis.options import AnalysisOptions
from robustir.analysis.over_seeds import complete_seeds, mean_over_seeds
from robustir.analysis.rank_groups import add_rank_groups
from robustir.analysis.reduced import ReducedSetting
from robustir.analysis.scores import CleanScores, add_scores, clean_scores
from robustir.analysis.strategies import add_strategies
from robustir.analysis.tables import Grids
from robustir.analysis.trends import add_trends
from robustir.analysis.variance import add_variance
from robustir.evidence.scores import QueryScores
from robustir.stats.threads import in_threads

__all__ = ["EQUAL_DOSES", "EQUAL_STRATEGIES", "Part", "Roles", "parts_of"]

# (benchmark, setting) -> its primary measure, and the measures that repeat another one
Roles = dict[tuple[str, str], tuple[str, Mapping[str, str]]]
# Comparisons and strategies at one dose, which go into the tables of the others.
EQUAL_DOSES, EQUAL_STRATEGIES = "equal doses", "equal strategies"
_TABLES = (
    "bias", "variance", "scores", "contrasts", "curves", "areas", "comparisons", "rank_groups", "rank_pairs", "equivalence",
    "corruption", "trend", "orders", "agreement", "language_comparisons", "strategies", "strategy_scores",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of a block, by table; its declared hypotheses: changes, pairs, and pairs at one dose; its measures' roles."""

    setting: str
    tables: dict[str, Grids]
    hypotheses: tuple[Hypotheses, Hypotheses, Hypotheses]
    roles: Roles


def parts_of(blocks: Iterable[QueryScores], options: AnalysisOptions) -> Iterator[Part]:
    """Yield the part of every block; InputError if one lacks the primary measure."""
    for block in blocks:
        part = _part(block, options)
        del block  # before the next one is read
        yield part


def _part(block: QueryScores, options: AnalysisOptions) -> Part:
    tables = {name: Grids(name) for name in _TABLES}
    tables |= {EQUAL_DOSES: Grids("comparisons"), EQUAL_STRATEGIES: Grids("strategies")}
    hypotheses = Hypotheses(options), Hypotheses(options), Hypotheses(options)
    roles: Roles = {}
    seeded = setting = ReducedSetting(block, options)
    if block.trained:
        both = tables["strategies"], tables[EQUAL_STRATEGIES]
        add_strategies(both, tables["strategy_scores"], seeded, options.compare)
        setting = ReducedSetting(mean_over_seeds(block), options)
    add_variance(tables["variance"], seeded)
    add_bias(tables["bias"], setting)
    if setting.measures:
        # What holds for one seed holds for a checkpoint: it is compared as any other encoder.
        several = {name for name, of_seed in complete_seeds(block).items() if len(of_seed) > 1}
        _add_setting(tables, hypotheses, setting, several)
        roles[block.benchmark, block.setting] = (setting.measures[setting.primary], setting.twins)
    return Part(block.setting, tables, hypotheses, roles)


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
    both = grids["comparisons"], grids[EQUAL_DOSES]
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
