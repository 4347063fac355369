"""--fail-if: how bounds are written, what violates one, what is not proven, and what cannot be judged."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import robustir
from robustir.analysis.options import AnalysisOptions
from robustir.comparing.gate import judge_run
from robustir.comparing.grammar import Bound, parse_bound, parse_bounds
from robustir.comparing.judging import Judgement, Named, Reading, State, _state, enforce, judge, resolved
from robustir.comparing.quantities import Limits
from robustir.errors import BoundViolatedError, RunError, SpecError
from robustir.rundir.directory import RunDirectory
from tests.analysis.conftest import make
from tests.cli.conftest import Invoke, invoke  # noqa: F401 - a fixture
from tests.comparing.conftest import MakeRun

OPTIONS = AnalysisOptions(resamples=199, flips=199)
MINE = {"mine": (0.1, 0.3)}
THREE = {"a": (0.1, 0.3), "b": (0.02, 0.1), "c": (0.1, 0.6)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("retention < 0.8", ("retention", "<", 0.8, ("*",), "*", None)),
        ("noisy<=.5", ("score", "<=", 0.5, ("*",), "*", None)),
        ("clean < 5e-1", ("score", "<", 0.5, ("*",), "clean", None)),
        ("score(mE5) < 0.6", ("score", "<", 0.6, ("mE5",), "*", None)),
        ("score(mE5, clean) >= 0.6", ("score", ">=", 0.6, ("mE5",), "clean", None)),
        ("retention( mE5 , typos , 0.2 ) < 0.9", ("retention", "<", 0.9, ("mE5",), "typos", 0.2)),
        ("ahead(mE5, bm25, typos)", ("gap", ">", 0.0, ("mE5", "bm25"), "typos", None)),
        ("not ahead(mE5, bm25)", ("gap", "<=", 0.0, ("mE5", "bm25"), "*", None)),
        ("loss(new, baseline) > 0.02", ("loss", ">", 0.02, ("new", "baseline"), "*", None)),
        ("delta(*, typos, *) < -0.1", ("delta", "<", -0.1, ("*",), "typos", None)),
        (
            "score(hashing(dim=64, n='3,4'), typos(dose='cer:0.05'), 1) < 0.6",
            ("score", "<", 0.6, ("hashing(dim=64, n='3,4')",), "typos(dose='cer:0.05')", 1.0),
        ),
        ("score('my, model', typos) < 1", ("score", "<", 1.0, ("my, model",), "typos", None)),
    ],
)
def test_what_is_read(text: str, expected: tuple[object, ...]) -> None:
    found = parse_bound(text)
    assert (found.quantity, found.sign, found.number, found.encoders, found.noise, found.severity) == expected


def test_choices_come_last_and_measures_are_spelled_as_elsewhere() -> None:
    found = parse_bound("score(a, typos, 0.2, setting=cross, measure=ndcg@10, benchmark=mini) < 0.5")
    assert found.chosen == {"setting": "cross", "measure": "nDCG@10", "benchmark": "mini"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("delta", "a sign and a number are missing"),
        ("delta < 1.2.3", "not have the form"),
        ("delta < .", "not have the form"),
        ("delta = 1", "not have the form"),
        ("", "not have the form"),
        ("p < 0.05", "p is not a field"),
        ("magic(a) < 1", "magic is not a quantity"),
        ("effect_size(a) < 1", "effect_size is not a quantity"),
        ("retention() < 1", "a name is missing"),
        ("retention(a,, 0.2) < 1", "a name is missing"),
        ("retention(a, typos, 0.2, b) < 1", "not 4 names"),
        ("loss(a) > 1", "two encoders"),
        ("retention(a, typos, often) < 1", "'often' is not a valid severity"),
        ("retention(a, typos, 2) < 1", "severity 2"),
        ("retention(a, clean) < 1", "clean is not noise"),
        ("retention(a, 'typos, 0.2) < 1", "not closed"),
        ("score(setting=mono, a) < 1", "comes after a choice"),
        ("ahead(a, b) > 0", "takes no number"),
        ("ahead > 0", "names two encoders"),
        ("not retention(a) < 1", "only before ahead"),
    ],
)
def test_a_bound_that_cannot_be_read_shows_the_grammar(text: str, why: str) -> None:
    with pytest.raises(SpecError, match="retention\\(ENCODER, NOISE, SEVERITY\\) < NUMBER") as refused:
        parse_bounds(["delta < 0", text])
    assert why in str(refused.value)


def test_a_measure_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SpecError, match="bound 'score"):
        parse_bound("score(a, measure=magic) < 1")


def states(run: RunDirectory, *texts: str) -> list[State]:
    return [one.state for one in judge_run(run, parse_bounds(texts))]


def test_only_a_whole_interval_violates(make_run: MakeRun) -> None:
    run = make_run(THREE)
    (judged,) = judge_run(run, [parse_bound("retention(a, shuffle-words, 1) < 0")])
    found = judged.readings[0].found
    # As the findings say, and inside its interval.
    rows = robustir.analyse(run).contrasts.to_dict("records")
    (row,) = [row for row in rows if (row["encoder"], row["severity"], row["query_lang"]) == ("a", 1.0, "all")]
    assert found.value == pytest.approx(row["retention"], abs=1e-12)
    assert found.low < found.value < found.high
    inside = (found.value + found.high) / 2
    name = "retention(a, shuffle-words, 1)"
    assert states(run, f"{name} < {found.high + 0.01}", f"{name} < {inside}", f"{name} < {found.low - 0.01}") == [
        State.VIOLATED,
        State.UNPROVEN,
        State.HOLDS,
    ]
    assert states(run, f"{name} > {found.low - 0.01}", f"{name} > {inside}", f"{name} > {found.high + 0.01}") == [
        State.VIOLATED,
        State.UNPROVEN,
        State.HOLDS,
    ]


def test_two_encoders(make_run: MakeRun) -> None:
    run = make_run(THREE)
    assert states(
        run,
        "ahead(b, a, shuffle-words)",
        "not ahead(b, a, shuffle-words)",
        "ahead(a, b)",
        "ahead(a, c, clean)",  # they are the same there
        "loss(c, a) > 0.02",
        "loss(c, a) > 0.9",
        "gap(c, b, shuffle-words, 1) < -0.1",
    ) == [
        State.VIOLATED,
        State.HOLDS,
        State.HOLDS,
        State.HOLDS,
        State.VIOLATED,
        State.HOLDS,
        State.VIOLATED,
    ]


def test_a_bound_of_many_conditions_needs_wider_intervals_to_be_violated_but_not_to_hold(make_run: MakeRun) -> None:
    run = make_run(THREE)
    (one,) = judge_run(run, [parse_bound("score(a, shuffle-words, 1) < 0")])
    (all_of_them,) = judge_run(run, [parse_bound("noisy < 0")])
    here = next(reading for reading in all_of_them.readings if reading.where == one.readings[0].where)
    assert len(all_of_them.readings) == 6
    assert here.found == one.readings[0].found == one.readings[0].wide
    assert here.wide.low < here.found.low
    assert here.found.high < here.wide.high


def test_relative_drop_is_what_retention_leaves(make_run: MakeRun) -> None:
    texts = ["relative_drop(a, shuffle-words, 1) > 1", "retention(a, shuffle-words, 1) < 0"]
    drop, kept = (one.readings[0].found for one in judge_run(make_run(THREE), parse_bounds(texts)))
    assert (drop.value, drop.low, drop.high) == pytest.approx((1 - kept.value, 1 - kept.high, 1 - kept.low))


def test_fields_of_every_contrast(make_run: MakeRun) -> None:
    run = make_run(THREE)
    assert states(run, "delta < -0.01", "clean < 0.5", "effect_size < -5", "worst_draw < 0.99") == [
        State.VIOLATED,
        State.HOLDS,
        State.HOLDS,
        State.VIOLATED,
    ]


def test_names_that_the_run_does_not_have(make_run: MakeRun) -> None:
    run = make_run(THREE)
    for text, why in {
        "score(x) < 1": "no encoder 'x'; its encoders are: a, b, c",
        "score(a, typos) < 1": "no perturbation 'typos'",
        "score(a, shuffle, 0.2) < 1": "not run at 0.2; it was at: 0.3, 1",
        "score(a, benchmark=nq) < 1": "no benchmark 'nq'",
    }.items():
        with pytest.raises(SpecError, match="bound 'score") as refused:
            judge_run(run, [parse_bound(text)])
        assert why in str(refused.value)


def test_nothing_to_judge_is_no_pass(make_run: MakeRun) -> None:
    with pytest.raises(RunError, match="no score to judge it by"):
        judge_run(make_run(THREE), [parse_bound("score(a, setting=cross) < 1")])


def judged(bound: str, value: float, low: float, high: float) -> State:
    """Judge a made-up quantity, whose interval is the same at every confidence."""
    limits = Limits(value, low, high)
    return _state(parse_bound(bound), Reading("here", limits, limits))


def test_rounding_neither_meets_nor_misses_a_bound() -> None:
    # 0.8 as arithmetic leaves it: 0.7999999999999999 to 0.8000000000000002.
    for value in (0.1 * 8, 0.7 + 0.1, 0.56 / 0.7, 1 - 0.2, 0.24 / 0.3, 0.3 + 0.5000000000000001):
        for sign, state in {"<": State.HOLDS, ">": State.HOLDS, "<=": State.VIOLATED, ">=": State.VIOLATED}.items():
            assert judged(f"retention {sign} 0.8", value, value, value) == state


def test_without_an_interval_the_estimate_violates_and_nothing_is_proven() -> None:
    nan = float("nan")
    assert judged("retention < 0.8", 0.7, nan, nan) == State.VIOLATED
    assert judged("retention < 0.8", 0.9, nan, nan) == State.UNPROVEN


def test_a_query_set_of_one_group_has_no_interval() -> None:
    one = make(questions=5)
    group = np.array(["all"] * len(one.group), dtype=object)
    named = Named({"labse": "labse", "mbert": "mbert"}, {"typos": "typos"}, {"mini": "mini"}, {"typos": [0.1, 0.3]})
    bounds = resolved(parse_bounds(["score(labse, typos, 0.3) < 0.01"]), named)
    (found,) = judge(bounds, [replace(one, group=group)], OPTIONS)
    assert found.state == State.UNPROVEN
    assert "(no interval)" in str(found)


def test_enforcing() -> None:
    def one(state: State) -> Judgement:
        limits = Limits(0.85, 0.8, 0.9)
        return Judgement(Bound("retention < 0.8", "retention", "<", 0.8), state, (Reading("here", limits, limits),))

    enforce([one(State.HOLDS), one(State.UNPROVEN)])
    with pytest.raises(BoundViolatedError, match=r"retention < 0.8: not proven: here: 0.8500 \[0.8000, 0.9000\]"):
        enforce([one(State.HOLDS), one(State.UNPROVEN)], strict=True)
    with pytest.raises(BoundViolatedError, match="violated"):
        enforce([one(State.VIOLATED)])


def test_the_gate_of_a_report(make_run: MakeRun, invoke: Invoke) -> None:  # noqa: F811
    run = make_run(MINE).path
    assert invoke("report", run, "--format", "csv", "--fail-if", "retention(mine) < 0.3", "--strict").code == 0
    violated = invoke("report", run, "--format", "csv", "--fail-if", "noisy < 1", "--fail-if", "delta < -0.9")
    assert violated.code == 4
    assert "noisy < 1: violated" in violated.err
    wide = invoke("report", run, "--format", "csv", "--fail-if", "retention(mine, shuffle-words, 1) < 0.85")
    assert wide.code == 0
    assert "not proven" in wide.out
    strict = invoke(
        "report", run, "--format", "csv", "--fail-if", "retention(mine, shuffle-words, 1) < 0.85", "--strict"
    )
    assert strict.code == 4
    assert "not proven" in strict.err
    assert invoke("report", run, "--fail-if", "magic < 1").code == 2


def test_the_gate_of_a_comparison(make_run: MakeRun, invoke: Invoke) -> None:  # noqa: F811
    base, worse = make_run(MINE).path, make_run({"mine": (0.1, 0.5)}).path
    bound = "loss(new, baseline) > 0.02"
    violated = invoke("compare", base, worse, "--fail-if", bound)
    assert violated.code == 4
    assert "loss(new, baseline) > 0.02: violated" in violated.err
    assert invoke("compare", base, base, "--fail-if", bound, "--strict").code == 0
    assert invoke("compare", worse, base, "--fail-if", bound, "--strict").code == 0
    found = json.loads(invoke("compare", worse, base, "--fail-if", bound, "--json").out)
    assert [row["state"] for row in found["bounds"]] == ["holds"]
    run = make_run(THREE).path
    assert invoke("compare", run, "--encoder", "a", "--encoder", "b", "--fail-if", "ahead(a, b)").code == 0
    assert invoke("compare", run, "--encoder", "a", "--encoder", "b", "--fail-if", "ahead(b, a)").code == 4
    refused = invoke("compare", base, worse, "--fail-if", "ahead(mine, baseline)")
    assert refused.code == 2
