"""A plan that only adds to the run in a folder extends it; what is there stays, and the end is that of a run at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import robustir
from robustir.errors import RunError
from robustir.planning.plan import make_plan
from robustir.planning.suite import Suite
from robustir.rundir.directory import RunDirectory
from robustir.rundir.manifest import Counts
from robustir.running.orchestration import execute_plan
from robustir.running.summary import RunOptions
from tests.processes import digests
from tests.tiny import PASSAGES, QUERIES, Letters, suite_of, write_beir

SMALL: dict[str, Any] = {
    "encoders": ("tests.tiny:Letters",),
    "perturbations": ("tests.tiny:OnlyA",),
    "severities": (0.5,),
}
MORE: dict[str, dict[str, Any]] = {
    "encoder": {"encoders": ("tests.tiny:Overlap", "tests.tiny:Letters")},
    "perturbation": {"perturbations": ("tests.tiny:OnlyA", "tests.tiny:Any3")},
    "severity": {"severities": (0.25, 0.5, 1.0)},
    "draw": {"draws": 2},
    "measure": {"measures": ("AP", "nDCG@10", "RR")},
    "name": {"encoders": ({"spec": "tests.tiny:Letters", "name": "mine"},)},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The tiny bilingual task."""
    return write_beir(tmp_path / "task")


def run_into(suite: Suite, path: Path) -> RunDirectory:
    return robustir.run(suite, path, formats=("csv",))


def ranks(path: Path) -> dict[str, tuple[bytes, int]]:
    return {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in (path / "ranks").iterdir()}


@pytest.mark.parametrize("what", MORE)
def test_a_plan_that_adds_keeps_every_cell_and_ends_as_a_run_at_once(folder: Path, tmp_path: Path, what: str) -> None:
    run_into(suite_of(folder, **SMALL), tmp_path / "run")
    before = ranks(tmp_path / "run")
    larger = suite_of(folder, **(SMALL | MORE[what]))
    run_into(larger, tmp_path / "run")
    run_into(larger, tmp_path / "fresh")
    after = ranks(tmp_path / "run")
    assert {name: after[name] for name in before} == before
    assert digests(tmp_path / "run") == digests(tmp_path / "fresh")
    assert (len(after) > len(before)) == (what not in {"measure", "name"})
    wholes = [RunDirectory(tmp_path / name).read_manifest() for name in ("run", "fresh")]
    for part in ("cells", "encoders", "perturbations", "suite", "plan", "status"):
        assert getattr(wholes[0], part) == getattr(wholes[1], part)
    assert [whole.extended for whole in wholes] == [what != "name", False]


def test_another_benchmark(folder: Path, tmp_path: Path) -> None:
    second = write_beir(tmp_path / "second", judgements=[("q1", "d2", 1), ("q2", "f2", 1)])
    run_into(suite_of(folder, **SMALL), tmp_path / "run")
    before = ranks(tmp_path / "run")
    larger = suite_of(second, folder, **SMALL)
    run_into(larger, tmp_path / "run")
    run_into(larger, tmp_path / "fresh")
    assert {name: ranks(tmp_path / "run")[name] for name in before} == before
    assert digests(tmp_path / "run") == digests(tmp_path / "fresh")


def test_another_benchmark_of_the_same_name(folder: Path, tmp_path: Path) -> None:
    twin = write_beir(tmp_path / "other" / "task", judgements=[("q1", "d2", 1), ("q2", "f2", 1)])
    run_into(suite_of(folder, **SMALL), tmp_path / "run")
    before = ranks(tmp_path / "run")
    manifest = run_into(suite_of(folder, twin, **SMALL), tmp_path / "run").read_manifest()
    assert {name: ranks(tmp_path / "run")[name] for name in before} == before
    names = [row.name for row in manifest.benchmarks]
    assert len(set(names)) == 2
    assert manifest.counts is not None
    assert manifest.counts.cells == 6


def test_live_encoders_are_added_under_their_names(folder: Path, tmp_path: Path) -> None:
    suite = suite_of(folder, **(SMALL | {"encoders": ("tests.tiny:Overlap",)}))
    robustir.run(suite, tmp_path / "run", encoders={"first": Letters()}, formats=("csv",))
    before = ranks(tmp_path / "run")
    plan = make_plan(suite, encoders={"first": Letters(), "second": robustir.encoder("hashing")})
    execute_plan(plan, RunDirectory(tmp_path / "run"), RunOptions(jobs=1), formats=("csv",))
    assert {name: ranks(tmp_path / "run")[name] for name in before} == before
    manifest = RunDirectory(tmp_path / "run").read_manifest()
    assert [row.name for row in manifest.encoders] == ["tests.tiny:Overlap", "first", "second"]


def test_another_language_scores_anew_what_it_changes_and_encodes_only_what_is_new(
    folder: Path, tmp_path: Path
) -> None:
    # English alone has the judgements q1-d1 and q1-d3; German brings passages into the pool of the English query.
    english = suite_of(folder, **SMALL, languages=("en",))
    run_into(english, tmp_path / "run")
    both = suite_of(folder, **SMALL)
    again = run_into(both, tmp_path / "run").read_manifest()
    fresh = run_into(both, tmp_path / "fresh").read_manifest()
    assert again.cells == fresh.cells
    for name in ("scores", "contrasts", "comparisons", "validity"):
        tables = [(tmp_path / run / "findings" / f"{name}.csv").read_bytes() for run in ("run", "fresh")]
        assert tables[0] == tables[1]
    # English: a, c and the passages aab, abb, c (c as a query is another text). Then b, aaa and bc are new.
    assert again.counts is not None
    assert again.counts.texts_encoded == 8
    with pytest.raises(RunError, match="the task language de of the run is not in the plan"):
        run_into(english, tmp_path / "run")


def test_more_queries_extend_and_fewer_do_not(tmp_path: Path) -> None:
    queries = [(f"q{row}", "en", "abc"[row % 3] * (row + 1)) for row in range(6)]
    task = write_beir(tmp_path / "task", PASSAGES, queries, [(name, "d1", 1) for name, _, _ in queries])
    for limit in (2, 4, None):
        run_into(suite_of(task, **SMALL, limit=limit), tmp_path / "run")
    run_into(suite_of(task, **SMALL), tmp_path / "fresh")
    tables = [(tmp_path / run / "findings" / "scores.csv").read_bytes() for run in ("run", "fresh")]
    assert tables[0] == tables[1]
    with pytest.raises(RunError, match="the run took all queries of task per language, the plan takes 4"):
        run_into(suite_of(task, **SMALL, limit=4), tmp_path / "run")


LESS: dict[str, tuple[dict[str, Any], str]] = {
    "encoder": ({"encoders": ("tests.tiny:Overlap",)}, "the encoder tests.tiny:Letters of the run is not in the plan"),
    "perturbation": ({"perturbations": ("tests.tiny:Any3",)}, "the perturbation tests.tiny:OnlyA of the run is not"),
    "severity": ({"severities": (1.0,)}, "the tests.tiny:OnlyA severity 0.5 of the run is not in the plan"),
    "seed": ({"seed": 5}, "its seed is 0, the plan's is 5"),
    "measure": ({"measures": ("RR",)}, "the measures AP, nDCG@10 of the run are not in the plan"),
    "draws": ({"draws": 1}, "the run has 2 draws of tests.tiny:OnlyA, the plan has 1"),
    "setting": ({"settings": ("mono",)}, "the task settings cross, multi of the run are not in the plan"),
}


@pytest.mark.parametrize("what", LESS)
def test_what_lacks_something_says_what_and_what_to_do(folder: Path, tmp_path: Path, what: str) -> None:
    run_into(suite_of(folder, **(SMALL | {"draws": 2})), tmp_path / "run")
    change, message = LESS[what]
    with pytest.raises(RunError) as refused:
        run_into(suite_of(folder, **(SMALL | {"draws": 2} | change)), tmp_path / "run")
    assert f"{tmp_path / 'run'} holds another plan ('tiny' of " in str(refused.value)
    assert message in str(refused.value)
    for way in ("with -o", "--overwrite", f"robustir resume {tmp_path / 'run'}"):
        assert way in str(refused.value)


def test_other_data_are_refused(folder: Path, tmp_path: Path) -> None:
    run_into(suite_of(folder, **SMALL), tmp_path / "run")
    lines = (folder / "corpus.jsonl").read_text(encoding="utf-8")
    (folder / "corpus.jsonl").write_text(lines + '{"_id": "d9", "lang": "en", "text": "ab"}\n', encoding="utf-8")
    with pytest.raises(RunError, match="the data of task changed"):
        run_into(suite_of(folder, **SMALL), tmp_path / "run")


def test_settings_cost_nothing(folder: Path, tmp_path: Path) -> None:
    run_into(suite_of(folder, **SMALL, settings=("mono",)), tmp_path / "run")
    before = ranks(tmp_path / "run")
    run_into(suite_of(folder, **SMALL), tmp_path / "run")
    run_into(suite_of(folder, **SMALL), tmp_path / "fresh")
    assert ranks(tmp_path / "run") == before
    assert digests(tmp_path / "run") == digests(tmp_path / "fresh")


def test_a_run_that_has_nothing_to_do_keeps_its_counts_and_timings(folder: Path, tmp_path: Path) -> None:
    suite = suite_of(folder, **SMALL)
    first = run_into(suite, tmp_path / "run").read_manifest()
    # Texts: a, b, c as queries; aab, abb, c, aaa, bc.
    assert first.counts == Counts(cells=3, cells_done_before=0, cells_failed=0, texts_encoded=8, texts_reused=0)
    again = run_into(suite, tmp_path / "run").read_manifest()
    assert (again.counts, again.timings, again.created) == (first.counts, first.timings, first.created)
    added = run_into(suite_of(folder, **(SMALL | {"severities": (0.5, 1.0)})), tmp_path / "run").read_manifest()
    # The noise of 1.0 is that of 0.5: its texts are known, and all vectors are read again to score the new cell.
    assert added.counts is not None
    assert added.counts.cells == 4
    assert added.counts.texts_encoded == 8
    assert added.timings["score"] >= first.timings["score"]


def test_overwriting_leaves_the_files_of_others(folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run_into(suite_of(folder, **SMALL), run)
    for name in ("notes.txt", "ranks/mine.parquet", "report.docx"):
        (run / name).write_text("mine", encoding="utf-8")
    other = make_plan(suite_of(folder, **(SMALL | {"seed": 7})))
    execute_plan(other, RunDirectory(run), RunOptions(jobs=1), formats=("csv",), overwrite=True)
    assert RunDirectory(run).read_manifest().suite.seed == 7
    assert {path.stem for path in (run / "ranks").iterdir()} == {"mine", *(cell.key for cell in other.cells())}
    assert [(run / name).read_text(encoding="utf-8") for name in ("notes.txt", "report.docx")] == ["mine", "mine"]


def test_two_queries_are_there() -> None:
    assert len(QUERIES) == 2  # the counts above were worked out for these
