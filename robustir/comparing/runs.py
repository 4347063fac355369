"""Runs against a baseline: the pairing of encoders, the comparison, and the figures shown with its table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from robustir.analysis.of_run import options_of
from robustir.analysis.options import AnalysisOptions
from robustir.comparing.agreement import orders, overlaps, reproduction
from robustir.comparing.joined import Joined, LeftOut, Pair, Side, join
from robustir.comparing.over_languages import language_notes
from robustir.comparing.table import SAME, adjusted, compared, options_for
from robustir.errors import InputError, RunError
from robustir.evidence.scores import QueryScores
from robustir.measures import parse_measure
from robustir.plugins.names import resolve_name
from robustir.rundir.directory import RunDirectory

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Comparison", "compare_runs"]


@dataclass(frozen=True)
class Comparison:
    """Runs against a baseline: the table of :mod:`robustir.comparing.table`, and the figures shown with it.

    orders: Kendall's tau of the encoders' order per condition; overlaps: rank-biased overlap of the rankings; reproduced:
    agreement of the exact ranks of systems that are the same in both runs. blocks: the underlying scores, per run and
    pair, in which the encoders are called "new" and "baseline".
    """

    table: pd.DataFrame
    left_out: Sequence[LeftOut]
    notes: Sequence[str]
    orders: Sequence[Mapping[str, Any]]
    overlaps: Sequence[Mapping[str, Any]]
    reproduced: Sequence[Mapping[str, Any]]
    options: AnalysisOptions
    blocks: Mapping[tuple[str, Pair], Sequence[QueryScores]] = field(repr=False)

    def beside(self) -> dict[str, Any]:
        """Return the figures shown with the table, as plain values."""
        return {
            "left_out": [{"what": item.what, "reason": item.reason} for item in self.left_out],
            "notes": list(self.notes),
            "orders": [dict(row) for row in self.orders],
            "overlaps": [dict(row) for row in self.overlaps],
            "reproduced": [dict(row) for row in self.reproduced],
        }


def compare_runs(
    runs: Sequence[RunDirectory],
    *,
    encoders: Sequence[str] = (),
    measure: str | None = None,
    margin: float | None = None,
) -> Comparison:
    """Compare runs with the first of them, or two encoders of one run.

    encoders: the baseline's and the other runs', or one name for all; empty: the shared encoders. measure: of all figures
    (by default the baseline's main one). margin: of equivalence, in the measure's unit, such as 0.02. Raises RunError if
    the runs share nothing, SpecError for an encoder that a run lacks.
    """
    if margin is not None and not 0 < margin < 1:
        raise InputError(f"margin {margin:g}: use a share between 0 and 1, such as 0.02 for two points")
    sides = [Side.open(run) for run in runs]
    baseline, others = sides[0], sides[1:] or sides[:1]
    wanted = str(parse_measure(measure or baseline.manifest.suite.measures[0]))
    options = options_of(baseline.manifest, measure=wanted)
    with threadpool_limits(1, user_api="blas"):
        joined = [_joined(baseline, other, encoders, wanted, alone=len(sides) == 1) for other in others]
        blocks = {
            (other.name, pair): found
            for other, one in zip(others, joined, strict=True)
            for pair, found in one.blocks.items()
            if found
        }
        if not blocks:
            raise RunError(_nothing(baseline, others, joined))
        tests = sum(1 + 2 * len(block.conditions) for found in blocks.values() for block in found)
        options = options_for(tests, options)
        rows = list(_all_rows(blocks, options, margin))
    if not rows:
        raise RunError(_nothing(baseline, others, joined))
    table = adjusted(rows)
    beside: dict[str, list[dict[str, Any]]] = {"overlaps": [], "reproduced": []}
    for other, one in zip(others, joined, strict=True):
        for pair in one.blocks:
            who = {"run": other.name, "encoder": pair[1], "baseline_encoder": pair[0]}
            beside["overlaps"] += [{**who, **row} for row in overlaps(one.shared, pair)]
            if len(sides) > 1 and baseline.revision(pair[0]) == other.revision(pair[1]):
                found = reproduction(one.shared, pair)
                apart = _largest_difference(one.blocks[pair])
                beside["reproduced"] += [{**who, **found, "largest_score_difference": apart}] if found else []
    return Comparison(
        table=table,
        left_out=[item for one in joined for item in one.left_out],
        notes=_notes(joined, table),
        orders=orders(table),
        options=options,
        blocks=blocks,
        **beside,
    )


def _notes(joined: Sequence[Joined], table: pd.DataFrame) -> list[str]:
    """Return the caveats about shared parts, and about the rows of the table."""
    shared = dict.fromkeys(note for one in joined for note in one.notes)
    return [*shared, *_no_inference(table), *language_notes(table.to_dict("records"))]


def _no_inference(table: pd.DataFrame) -> Iterator[str]:
    """Yield why rows have neither interval nor test."""
    alone: Any = table[(table["groups"] < 2) & (table["outcome"] != SAME)]
    for benchmark, setting in dict.fromkeys(zip(alone["benchmark"], alone["setting"], strict=True)):
        yield f"{benchmark} ({setting}): one group of queries, so no interval and no test: nothing is told"


def _largest_difference(blocks: Sequence[QueryScores]) -> float:
    """Return the largest difference of a query's score between the runs."""
    values = [scores[0] - scores[1] for block in blocks for scores in (block.clean, block.noisy)]
    return max((float(np.nanmax(np.abs(one))) for one in values if np.isfinite(one).any()), default=0.0)


def _joined(baseline: Side, other: Side, encoders: Sequence[str], measure: str, *, alone: bool) -> Joined:
    pairs = _pairs(baseline, other, encoders, alone=alone)
    _refuse_other_index(baseline, other, pairs)
    found = join(baseline, other, pairs, [measure])
    if alone or encoders:
        return found
    unpaired = [
        LeftOut(name, f"{there.name} does not have this encoder")
        for side, there in ((baseline, other), (other, baseline))
        for name in side.encoders
        if name not in there.encoders and len(pairs) and (name, name) not in pairs and not _only(pairs, name)
    ]
    return replace(found, left_out=[*found.left_out, *unpaired])


def _refuse_other_index(baseline: Side, other: Side, pairs: Sequence[Pair]) -> None:
    """Raise InputError if the vectors of a pair were searched in different ways: their scores differ by that too."""
    ways = [side.manifest.suite.index for side in (baseline, other)]
    if ways[0] == ways[1]:
        return
    for ours, theirs in pairs:
        if baseline.vectors(ours) or other.vectors(theirs):
            raise InputError(
                f"{baseline.name} searched {ours} by {ways[0]}, and {other.name} searched {theirs} by {ways[1]}; scores of "
                "different searches are not comparable: run one of them again with the same --index"
            )


def _only(pairs: Sequence[Pair], name: str) -> bool:
    return any(name in pair for pair in pairs)


def _pairs(baseline: Side, other: Side, encoders: Sequence[str], *, alone: bool) -> list[Pair]:
    """Return the pairs of an encoder of the baseline and one of another run."""
    ours, theirs = baseline.encoders, other.encoders
    if len(encoders) > 2:
        raise InputError(
            f"--encoder is given {len(encoders)} times; give it twice: the baseline's encoder, then the new run's"
        )
    if encoders:
        named = [resolve_name(encoders[0], ours), resolve_name(encoders[-1], theirs)]
        if alone and named[0] == named[1]:
            raise InputError("to compare two encoders of one run, name both, as in  --encoder A --encoder B")
        return [(named[0], named[1])]
    if alone:
        raise InputError(
            f"one run: name the two encoders to compare, as in  --encoder A --encoder B; it has: {', '.join(ours)}"
        )
    shared = [(name, name) for name in ours if name in theirs]
    if shared:
        return shared
    if len(ours) == len(theirs) == 1:
        return [(next(iter(ours)), next(iter(theirs)))]
    raise InputError(
        "the runs share no encoder by name: say which to compare, as in  --encoder A --encoder B; "
        f"{baseline.name} has {', '.join(ours)}; {other.name} has {', '.join(theirs)}"
    )


def _all_rows(
    blocks: Mapping[tuple[str, Pair], Sequence[QueryScores]], options: AnalysisOptions, margin: float | None
) -> Iterator[dict[str, Any]]:
    for (run, pair), found in blocks.items():
        for row in compared(found, options, options.primary_measure, margin):
            yield {"run": run, "encoder": pair[1], "baseline_encoder": pair[0], **row}


def _nothing(baseline: Side, others: Sequence[Side], joined: Sequence[Joined]) -> str:
    """Return the error that nothing can be compared, with reasons."""
    reasons = [f"{item.what}: {item.reason}" for one in joined for item in one.left_out]
    names = " and ".join(dict.fromkeys(side.name for side in (baseline, *others)))
    why = f" ({'; '.join(reasons[:3])})" if reasons else ""
    return f"{names} share nothing that can be compared{why}; compare runs of the same queries"
