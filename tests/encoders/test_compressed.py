"""Compressed vectors: against worked-out values, Hamming distances, and in a run that encodes every text once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from robustir.encoders.compressed import Binary, Int8, Truncate
from robustir.encoders.hashing import HashingEncoder
from robustir.errors import InputError, SpecError
from robustir.kit.check import check
from robustir.planning.plan import make_plan
from robustir.planning.suite import validate_suite
from robustir.plugins.registry import canonical, create
from robustir.rundir.directory import RunDirectory
from robustir.running.runner import execute
from robustir.running.summary import RunOptions

ROWS = np.array([[3.0, -4.0, 12.0, 0.0], [0.0, 0.0, 0.0, 0.0], [-1.0, 0.004, 0.5, -0.25]], dtype=np.float32)

finite = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 6), st.integers(1, 24)),
    elements=st.floats(-8, 8, width=32, allow_subnormal=False),
)


def test_truncation_keeps_the_first_dimensions_at_unit_length() -> None:
    found = Truncate("hashing", 2).derive(ROWS, "query")
    np.testing.assert_allclose(found, [[0.6, -0.8], [0, 0], [-0.999992, 0.004]], rtol=1e-5)
    assert found.dtype == np.float32
    with pytest.raises(InputError, match="has 4 dimensions, not 5; give a smaller d"):
        Truncate("hashing", 5).derive(ROWS, "query")


def test_eight_bits_are_127_steps_of_the_largest_component() -> None:
    found = Int8("hashing").derive(ROWS, "passage")
    step = 12 / 127
    expected = [[32 * step, -42 * step, 127 * step, 0], [0, 0, 0, 0], [-1, 1 / 127, 64 / 127, -32 / 127]]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@given(finite)
def test_eight_bits_move_a_component_by_half_a_step_at_most(rows: np.ndarray) -> None:
    moved = np.abs(Int8("hashing").derive(rows, "query").astype(np.float64) - rows)
    assert (moved <= np.abs(rows).max(axis=1, keepdims=True) / 127 * 0.5001 + 1e-30).all()


@given(finite)
def test_signs_order_as_the_hamming_distance(rows: np.ndarray) -> None:
    signs = Binary("hashing").derive(rows, "query").astype(np.float64)
    bits = rows > 0
    equal = (bits[:, None, :] == bits[None, :, :]).sum(axis=2)
    np.testing.assert_allclose(signs @ signs.T, 2 * equal / rows.shape[1] - 1, atol=1e-6)


def test_queries_may_stay_as_they_are() -> None:
    encoder = Binary("hashing", "float")
    np.testing.assert_array_equal(encoder.derive(ROWS, "query"), ROWS)
    assert set(np.abs(encoder.derive(ROWS, "passage")).ravel().tolist()) == {0.5}


def test_specs_and_identities() -> None:
    assert canonical("encoder", "binary(hashing)") == canonical("encoder", "binary(encoder=hashing, queries='binary')")
    revisions = {
        create("encoder", spec).revision
        for spec in ("int8(hashing)", "binary(hashing)", "binary(hashing, queries='float')", "truncate(hashing, 8)",
                     "truncate(hashing, 16)", "int8(hashing(dim=64))", "int8(truncate(hashing, 8))")
    }  # fmt: skip
    assert len(revisions) == 7
    for spec, message in (
        ("int8(bm25)", "int8: bm25 makes no vectors"),
        ("truncate(hashing, 0)", "d=0 must be a number of dimensions"),
        ("binary(hashing, queries='both')", "queries='both' must be 'binary' or 'float'"),
        ("int8(ratio-margin(hashing))", "give the encoder itself, not a margin over it"),
    ):
        with pytest.raises(SpecError, match=message):
            create("encoder", spec)
    assert create("encoder", "ratio-margin(int8(hashing))").margin == 4


@pytest.mark.parametrize("spec", ["int8(static-hybrid)", "binary(static-hybrid)", "truncate(static-hybrid, 128)"])
def test_laws(spec: str) -> None:
    assert [law for law in check("encoder", spec) if not law.passed] == []


def test_a_run_encodes_every_text_once_for_all_of_them(tmp_path: Path) -> None:
    compressed = ["int8(hashing)", "binary(hashing)", "truncate(hashing, 64)", "int8(truncate(hashing, 64))"]
    suite = validate_suite(
        {
            "name": "s",
            "benchmarks": ["mini"],
            "languages": ["de", "en"],
            "encoders": ["hashing", *compressed],
            "perturbations": ["typos"],
            "severities": [0.4],
            "draws": 1,
        },
        "test",
    )
    plan = make_plan(suite)
    run = RunDirectory(tmp_path / "run")
    summary = execute(plan, run, RunOptions(jobs=1, cache=tmp_path / "cache"))
    assert summary.failures == []
    assert summary.texts_reused == len(compressed) * summary.texts_encoded
    task = plan.tasks[0]
    ranks = {
        encoder.name: run.read_ranks(plan.cell(task, encoder, next(iter(plan.conditions(task)))).key).pool_rank
        for encoder in plan.encoders
    }
    assert not np.array_equal(ranks["hashing"], ranks["binary('hashing')"])
    # A rank worked out here: passages of the pool with more bits of the query in common than the right one has.
    encode = HashingEncoder().encode
    bits = [
        encode(list(texts), role=role) > 0  # type: ignore[arg-type]
        for texts, role in ((task.task.queries.texts, "query"), (task.task.corpus.texts, "passage"))
    ]
    for row in range(0, len(task.task.qrels), 23):
        query, passage = int(task.task.qrels.query[row]), int(task.task.qrels.passage[row])
        equal = (bits[0][query] == bits[1]).sum(axis=1)
        above, tied = int((equal > equal[passage]).sum()), int((equal == equal[passage]).sum())
        assert above < ranks["binary('hashing')"][row] <= above + tied
