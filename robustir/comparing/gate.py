"""A run or a comparison judged against bounds, for ``--fail-if`` and the pytest fixture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from robustir.analysis.of_run import options_of
from robustir.comparing.grammar import EVERY, Bound
from robustir.comparing.joined import BASELINE, NEW, Side, narrowed
from robustir.comparing.judging import Judgement, Named, judge, resolved
from robustir.comparing.runs import Comparison
from robustir.evidence.gather import gather
from robustir.evidence.scores import QueryScores
from robustir.rundir.directory import RunDirectory

if TYPE_CHECKING:
    import pandas as pd

    from robustir.analysis import Findings

__all__ = ["judge_comparison", "judge_run"]


def judge_run(run: RunDirectory, bounds: Sequence[Bound], findings: Findings | None = None) -> list[Judgement]:
    """Judge the bounds of a run on its per-query scores; given ``findings`` save an analysis.

    Raises SpecError for names that the run lacks, RunError if nothing was scored.
    """
    side = Side.open(run)
    asked = resolved(bounds, _named(side))
    named = {name for bound in asked for name in bound.encoders}
    encoders = set(side.encoders) if EVERY in named else named
    options = options_of(side.manifest)
    measures = dict.fromkeys(
        (*side.manifest.suite.measures, *(b.chosen["measure"] for b in asked if "measure" in b.chosen))
    )

    @cache
    def contrasts() -> pd.DataFrame:
        from robustir.analysis.of_run import analyse_run

        return (findings or analyse_run(run)).contrasts

    with threadpool_limits(1, user_api="blas"):
        return judge(asked, _blocks(side, encoders, list(measures)), options, contrasts=contrasts)


def _blocks(side: Side, encoders: set[str], measures: list[str]) -> Iterator[QueryScores]:
    for entry in side.manifest.benchmarks:
        yield from gather(narrowed(side, entry, encoders), measures)


def _named(side: Side) -> Named:
    rows = side.manifest.perturbations
    return Named(
        encoders=side.encoders,
        perturbations={row.name: row.spec for row in rows},
        benchmarks={row.name: row.spec for row in side.manifest.benchmarks},
        severities={row.name: row.severities for row in rows},
    )


def judge_comparison(found: Comparison, bounds: Sequence[Bound]) -> list[Judgement]:
    """Judge bounds on a comparison, separately for every run and pair: the encoders are called "new" and "baseline".

    If the two encoders have different names, bounds can use these too.
    """
    judged = []
    for (run, pair), blocks in found.blocks.items():
        severities: dict[str, list[float]] = {}
        for block in blocks:
            for name, severity in block.conditions:
                severities.setdefault(name, []).append(severity)
        aliases = {NEW: NEW, BASELINE: BASELINE}
        if pair[0] != pair[1]:
            aliases |= {pair[0]: BASELINE, pair[1]: NEW}
        named = Named(
            encoders={NEW: NEW, BASELINE: BASELINE},
            perturbations={name: name for name in severities},
            benchmarks={block.benchmark: block.benchmark for block in blocks},
            severities=severities,
            aliases=aliases,
        )
        asked = resolved(bounds, named)
        who = pair[1] if pair[0] == pair[1] else f"{pair[1]} against {pair[0]}"
        with threadpool_limits(1, user_api="blas"):
            judged += [_told(one, f"{run}, {who}") for one in judge(asked, blocks, found.options)]
    return judged


def _told(judgement: Judgement, where: str) -> Judgement:
    readings = tuple(replace(reading, where=f"{where}: {reading.where}") for reading in judgement.readings)
    return replace(judgement, readings=readings)
