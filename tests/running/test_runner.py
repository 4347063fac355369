"""The runner: what is computed, what is never computed twice, and what happens when something fails."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import robustir
from robustir.disk.download import sha256_of
from robustir.encoders.live.identity import FIRST, SECOND
from robustir.errors import DataError, RunError
from robustir.planning.conditions import CLEAN, FLOOR, Condition
from robustir.planning.plan import Plan, make_plan
from robustir.rundir.directory import RunDirectory
from robustir.rundir.manifest import Counts
from robustir.rundir.rankings import read_top
from robustir.running import runner
from robustir.running.cells import Cells
from robustir.running.executors import Executor
from robustir.running.work import WorkContext
from robustir.stats.threads import cores
from robustir.types import Ranks
from tests.tiny import PASSAGES, QUERIES, Letters, count_letters, run_cells, suite_of, write_beir


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The tiny bilingual task."""
    return write_beir(tmp_path / "task")


def ranks_of(plan: Plan, run: RunDirectory, condition: Condition, encoder: int = 0, task: int = 0) -> Ranks:
    """Return the stored ranks of a cell."""
    return run.read_ranks(plan.cell(plan.tasks[task], plan.encoders[encoder], condition).key)


def counts_of(run: RunDirectory) -> Counts:
    counts = run.read_manifest().counts
    assert counts is not None
    return counts


def expected_ranks(texts: dict[str, str], judgements: list[tuple[str, str]]) -> tuple[list[int], list[int]]:
    """Return ranks in the passage's language and in the pool, by sorting (score, id) as trec_eval does."""
    within, pool = [], []
    for query, passage in judgements:
        scores = (count_letters([texts[query]]) @ count_letters([text for _, _, text in PASSAGES]).T)[0]
        order = [
            (key, lang)
            for _, key, lang in sorted(
                ((score, key, lang) for score, (key, lang, _) in zip(scores, PASSAGES, strict=True)), reverse=True
            )
        ]
        lang = next(lang for key, lang, _ in PASSAGES if key == passage)
        within.append([key for key, other in order if other == lang].index(passage) + 1)
        pool.append([key for key, _ in order].index(passage) + 1)
    return within, pool


PAIRS = [("q1", "d1"), ("q1", "d3"), ("q1", "f1"), ("q2", "d2"), ("q2", "f1"), ("q2", "f2")]


@pytest.mark.parametrize("encoder", ["tests.tiny:Letters", "tests.tiny:Overlap"])
def test_unchanged_queries_have_the_ranks_of_a_full_ranking(folder: Path, tmp_path: Path, encoder: str) -> None:
    suite = suite_of(folder, encoders=(encoder,), perturbations=("tests.tiny:OnlyA", "tests.tiny:Nothing"))
    plan, run, summary = run_cells(suite, tmp_path / "run")
    assert not summary.failures
    clean = {key: text for key, _, text in QUERIES}
    for condition, texts in (
        (CLEAN, clean),
        (Condition("tests.tiny:OnlyA", 0.5), {"q1": "c", "q2": "b"}),  # q1 is scored again, q2 taken from clean
        (Condition("tests.tiny:Nothing", 0.5), clean),
    ):
        within, pool = expected_ranks(texts, PAIRS)
        ranks = ranks_of(plan, run, condition)
        assert ranks.lang_rank.tolist() == within
        assert ranks.pool_rank.tolist() == pool
    # One query per language: the floor has nobody to swap with, and scores the query itself.
    assert ranks_of(plan, run, FLOOR).pool_rank.tolist() == expected_ranks(clean, PAIRS)[1]


def test_each_distinct_text_is_encoded_once_and_never_again(folder: Path, tmp_path: Path) -> None:
    passages = [*PASSAGES, ("d9", "en", "aab")]  # the text of d1
    queries = [*QUERIES, ("q3", "en", "a"), ("q4", "en", "aab")]
    judgements = [("q1", "d1", 1), ("q2", "f2", 1), ("q3", "d2", 1), ("q4", "d9", 1)]
    task = write_beir(tmp_path / "more", passages, queries, judgements)
    suite = suite_of(task, encoders=("bm25",), perturbations=("tests.tiny:OnlyA", "tests.tiny:Nothing"), draws=2)
    model = Letters()
    run = robustir.run(suite, tmp_path / "run", encoders=[model], formats=("csv",))
    wanted = {("passage", text) for text in ("aab", "abb", "c", "aaa", "bc")}
    # Clean: a, b, aab. OnlyA changes a to c and aab to ccb; the unchanged b is not asked for again.
    wanted |= {("query", text) for text in ("a", "b", "aab", "c", "ccb")}
    assert sorted(call for call in model.calls if not call[1].startswith((*FIRST, *SECOND))) == sorted(wanted)
    assert counts_of(run).texts_encoded == len(wanted)
    again = Letters()
    second = robustir.run(suite, tmp_path / "second", encoders=[again], formats=("csv",))
    # A few of each role, to see that they are still encoded so.
    tried = [call for call in again.calls if not call[1].startswith((*FIRST, *SECOND))]
    assert len(tried) == len(set(tried)) == 6
    assert set(tried) <= wanted
    assert counts_of(second) == replace(counts_of(run), texts_encoded=0, texts_reused=len(wanted))
    for part in ("queries", "ranks", "findings"):
        for path in (tmp_path / "run" / part).iterdir():
            assert sha256_of(path) == sha256_of(tmp_path / "second" / part / path.name)


def test_nothing_changed_is_exactly_no_difference(tmp_path: Path) -> None:
    rows = [(f"q{row}", "en", "abcdefgh"[row % 8] * (1 + row % 3) + "z") for row in range(12)]
    passages = [(f"d{row}", "en", "abcdefgh"[row % 8] + "xyz"[row % 3]) for row in range(12)]
    task = write_beir(tmp_path / "task", passages, rows, [(f"q{row}", f"d{row}", 1) for row in range(12)])
    suite = suite_of(task, encoders=("hashing(ngrams=(1, 2))",), perturbations=("tests.tiny:Nothing",), draws=3)
    findings = robustir.analyse(robustir.run(suite, tmp_path / "run", formats=("csv",)))
    contrasts = findings.contrasts
    assert len(contrasts) > 0
    assert contrasts["delta"].tolist() == [0.0] * len(contrasts)
    assert contrasts["noisy"].tolist() == contrasts["clean"].tolist()
    np.testing.assert_allclose(contrasts["worst_draw"], contrasts["clean"], rtol=1e-15)
    assert all(np.isnan(p) or p == 1.0 for p in contrasts["p"])
    assert set(findings.validity["note"]) == {"changed nothing"}
    assert set(findings.validity["unchanged_share"]) == {1.0}


def test_a_perturbation_that_is_not_applicable_in_a_language(folder: Path, tmp_path: Path) -> None:
    suite = suite_of(folder, perturbations=("tests.tiny:English",), severities=(0.5,))
    run = robustir.run(suite, tmp_path / "run", formats=("csv",))
    manifest = run.read_manifest()
    assert [(row.perturbation, row.language) for row in manifest.not_applicable] == [("tests.tiny:English", "de")]
    key = next(cell.key for cell in manifest.cells if cell.perturbation == "tests.tiny:English")
    ranks = run.read_ranks(key)
    within, pool = expected_ranks({"q1": "c", "q2": ""}, PAIRS)
    assert ranks.lang_rank.tolist() == [*within[:3], 0, 0, 0]  # the German query was not scored
    assert ranks.pool_rank.tolist() == [*pool[:3], 0, 0, 0]
    findings = robustir.analyse(run)
    notes = dict(zip(findings.validity["query_lang"], findings.validity["note"], strict=True))
    assert notes == {"en": "", "de": "not applicable"}
    assert "de" not in set(findings.contrasts["query_lang"])
    from robustir.evidence.per_query import score_tables

    noisy = [
        row
        for table in score_tables(run, measures=["AP"])
        for row in table.to_pylist()
        if row["perturbation"] == "tests.tiny:English"
    ]
    assert {row["query_lang"] for row in noisy} == {"en"}
    assert len(noisy) == 3  # q1 in mono, cross and multi


FAULTS = {
    "raise": "cannot read this text",
    "nan": "NaN",
    "rows": "shape|for 1 of 2 queries",
    "float64": "float64",
    "list": "list",
}


@pytest.mark.parametrize("encoder", ["tests.tiny:Letters", "tests.tiny:Overlap"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_failing_cell_is_named_and_the_others_go_on(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder: str, fault: str
) -> None:
    suite = suite_of(folder, encoders=("bm25", encoder), perturbations=("tests.tiny:Shout", "tests.tiny:OnlyA"))
    monkeypatch.setenv("TINY_FAULT", fault)
    plan, run, summary = run_cells(suite, tmp_path / "run")
    # Only Shout at 1.0 writes an exclamation mark; bm25 does not mind it.
    assert [(failure.encoder, failure.condition) for failure in summary.failures] == [
        (encoder, "tests.tiny:Shout at 1, draw 0")
    ]
    assert re.search(FAULTS[fault], summary.failures[0].error), summary.failures
    assert "\n" not in summary.failures[0].error
    assert run.read_manifest().status == "failed cells"
    missing = [cell for cell in plan.cells() if not run.ranks_path(cell.key).exists()]
    assert [str(cell.condition) for cell in missing] == ["tests.tiny:Shout at 1, draw 0"]
    monkeypatch.delenv("TINY_FAULT")
    _, _, mended = run_cells(suite, tmp_path / "run")
    assert not mended.failures
    assert mended.cells_done_before == mended.cells - 1
    assert run.read_manifest().status == "complete"
    assert ranks_of(plan, run, Condition("tests.tiny:Shout", 1.0), encoder=1) is not None


def test_vectors_of_different_widths_fail_every_cell_of_the_encoder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINY_FAULT", "width")
    suite = suite_of(folder, encoders=("bm25", "tests.tiny:Letters"), perturbations=("tests.tiny:Shout",))
    _, _, summary = run_cells(suite, tmp_path / "run")
    assert {failure.encoder for failure in summary.failures} == {"tests.tiny:Letters"}
    assert len(summary.failures) == 4
    assert "1 and of 26 dimensions" in summary.failures[0].error


def test_a_corpus_that_cannot_be_indexed_does_not_spoil_another(folder: Path, tmp_path: Path) -> None:
    broken = write_beir(
        tmp_path / "bad", [*PASSAGES, ("broken", "en", "x")], QUERIES, [("q1", "d1", 1), ("q2", "f2", 1)]
    )
    suite = suite_of(folder, broken, encoders=("tests.tiny:Overlap",), perturbations=("tests.tiny:OnlyA",))
    plan, run, summary = run_cells(suite, tmp_path / "run")
    assert {failure.benchmark for failure in summary.failures} == {"bad"}
    within, pool = expected_ranks({"q1": "c", "q2": "b"}, PAIRS)
    ranks = ranks_of(plan, run, Condition("tests.tiny:OnlyA", 1.0))
    assert (ranks.lang_rank.tolist(), ranks.pool_rank.tolist()) == (within, pool)


@pytest.mark.parametrize("what", ["query", "passage"])
def test_half_a_surrogate_pair_is_refused_before_anything_runs(tmp_path: Path, what: str) -> None:
    passages = [*PASSAGES, ("dx", "en", "a\ud800" if what == "passage" else "a")]
    queries = [*QUERIES, ("qx", "en", "a\ud800" if what == "query" else "a")]
    task = write_beir(tmp_path / "task", passages, queries, [("q1", "d1", 1), ("q2", "f2", 1), ("qx", "dx", 1)])
    where = "queries.jsonl:3" if what == "query" else "corpus.jsonl:6"
    with pytest.raises(DataError, match=rf"{where}: .* holds half of a surrogate pair; repair that text"):
        run_cells(suite_of(task), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_lists_of_another_length_are_made_again(folder: Path, tmp_path: Path) -> None:
    suite = suite_of(folder, perturbations=("tests.tiny:OnlyA",))
    cells = 4
    for keep_top, before in ((0, 0), (2, 0), (2, cells), (3, 0), (99, 0), (99, cells), (0, cells)):
        plan, run, summary = run_cells(suite, tmp_path / "run", keep_top=keep_top)
        assert summary.cells_done_before == before
    lists = read_top(run, plan.cell(plan.tasks[0], plan.encoders[0], Condition("tests.tiny:OnlyA", 0.5)).key)
    best = {(row["query"], row["rank"]): row["passage_id"] for row in lists.to_pylist() if row["candidates"] == "all"}
    # q1 became c: d3 and f2 hold one, the greater id first; q2 is still b: abb, then bc before aab.
    assert [best[0, rank] for rank in range(1, 6)] == ["f2", "d3", "f1", "d2", "d1"]
    assert [best[1, rank] for rank in range(1, 6)] == ["d2", "f2", "d1", "f1", "d3"]


def test_a_killed_worker_is_a_clear_error_and_resumable(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = suite_of(folder, perturbations=("tests.tiny:Shout", "tests.tiny:OnlyA"))
    monkeypatch.setenv("TINY_FAULT", "exit")
    with pytest.raises(RunError, match=r"worker process was killed.*robustir resume"):
        run_cells(suite, tmp_path / "run", jobs=2)
    assert not list((tmp_path / "run").rglob("*.tmp"))
    assert not RunDirectory(tmp_path / "run").work_path.exists()
    monkeypatch.delenv("TINY_FAULT")
    _, run, summary = run_cells(suite, tmp_path / "run")
    assert not summary.failures
    _, whole, _ = run_cells(suite, tmp_path / "whole")
    for path in (whole.path / "ranks").iterdir():
        assert sha256_of(path) == sha256_of(run.path / "ranks" / path.name)


def test_an_error_that_cannot_travel_between_processes_fails_its_cell_alone(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINY_FAULT", "unpicklable")
    suite = suite_of(folder, encoders=("tests.tiny:Overlap",), perturbations=("tests.tiny:Shout", "tests.tiny:OnlyA"))
    _, _, here = run_cells(suite, tmp_path / "here")
    _, _, there = run_cells(suite, tmp_path / "there", jobs=2)
    assert there.failures == here.failures
    assert [failure.error for failure in there.failures] == ["UnpicklableError: cannot read this text"]


def test_jobs_default_to_the_cores_of_this_process() -> None:
    assert cores() >= 1


@pytest.mark.parametrize(("little", "jobs", "used"), [(1_000, None, 1), (0, None, 3), (1_000, 2, 2)])
def test_a_small_run_starts_no_process_unless_asked(
    little: int, jobs: int | None, used: int, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[int] = []

    class Counted(Executor[WorkContext]):
        def __init__(self, jobs: int, *rest: Any) -> None:
            found.append(jobs)
            super().__init__(1, *rest)

    monkeypatch.setattr(runner, "cores", lambda: 3)
    monkeypatch.setattr(runner, "Executor", Counted)
    monkeypatch.setattr(runner, "_LITTLE", little)
    run_cells(suite_of(folder), tmp_path / "run", jobs=jobs)
    assert found == [used]


def test_a_plan_makes_its_cells_once(folder: Path) -> None:
    plan = make_plan(suite_of(folder, perturbations=("tests.tiny:OnlyA",)))
    assert [id(cell) for cell in plan.cells()] == [id(cell) for cell in plan.cells()]


def test_jobs_are_values(folder: Path, tmp_path: Path) -> None:
    plan, run, _ = run_cells(suite_of(folder, perturbations=("tests.tiny:OnlyA",)), tmp_path / "run")
    cells = Cells(plan, run, keep_top=0)
    assert cells.missing() == set()
    cell = plan.cell(plan.tasks[0], plan.encoders[0], Condition("tests.tiny:OnlyA", 0.5))
    scored = cells.scored(plan.tasks[0], plan.encoders[0], cell)
    # Only q1 holds an a; q2 takes its ranks from the clean cell.
    assert scored.rows.tolist() == [0]
    assert scored.clean_key == plan.cell(plan.tasks[0], plan.encoders[0], CLEAN).key
    assert scored.applicable is not None
    assert scored.applicable.tolist() == [True, True]
    with pytest.raises(FrozenInstanceError):
        scored.key = "another"  # type: ignore[misc]
