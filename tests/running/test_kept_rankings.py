"""The rankings kept by default: the same lists as those kept for export, their overlap by its definition, within bounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robustir.analysis.of_run import analyse_run
from robustir.disk.download import sha256_of
from robustir.planning.conditions import CLEAN, Condition
from robustir.rundir import kept_lists
from robustir.rundir.directory import RunDirectory
from robustir.rundir.kept_lists import list_names, overlaps, read_kept, read_overlaps, wanted_lists
from robustir.rundir.rankings import read_top
from robustir.running import keeping
from tests.tiny import run_cells, suite_of, write_beir

SHOUTED = Condition("tests.tiny:OnlyA", 0.5)
NAMES = ("all", "en", "de")


def by_definition(one: list[int], other: list[int], persistence: float = 0.9) -> float:
    """Extrapolated overlap of two lists of one length, summed depth by depth (Webber et al. 2010, equation 30)."""
    depth = len(one)
    agreed = [len(set(one[:d]) & set(other[:d])) for d in range(1, depth + 1)]
    total = sum(count / d * persistence**d for d, count in enumerate(agreed, start=1))
    return (1 - persistence) / persistence * total + agreed[-1] / depth * persistence**depth


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_beir(tmp_path / "task")


def lists_of(run: RunDirectory, key: str, ids: tuple[str, ...]) -> dict[tuple[int, str], list[str]]:
    kept = read_kept(run, key, NAMES)
    assert kept is not None
    return {
        (int(query), NAMES[list_]): [ids[row] for row in rows if row >= 0]
        for query, list_, rows in zip(kept.query, kept.candidates, kept.passages, strict=True)
    }


def exported(run: RunDirectory, key: str) -> dict[tuple[int, str], list[str]]:
    found: dict[tuple[int, str], list[str]] = {}
    for row in read_top(run, key).to_pylist():
        found.setdefault((row["query"], row["candidates"]), []).append(row["passage_id"])
    return found


WORDS = (("d1", "en", "a red fox"), ("d2", "en", "red and blue"), ("d3", "en", "blue c"), ("f1", "de", "red c blue"))
ASKED = (("q1", "en", "a red"), ("q2", "de", "blue c"))


@pytest.mark.parametrize("encoder", ["tests.tiny:Letters", "tests.tiny:Overlap", "bm25"])
def test_the_lists_are_those_of_an_export_and_overlap_as_defined(tmp_path: Path, encoder: str) -> None:
    folder = write_beir(tmp_path / "task", WORDS, ASKED, [("q1", "d1", 1), ("q2", "f1", 1), ("q2", "d3", 1)])
    suite = suite_of(folder, perturbations=(SHOUTED.perturbation,), encoders=(encoder,))
    plan, run, _ = run_cells(suite, tmp_path / "run", keep_top=None)
    _, whole, _ = run_cells(suite, tmp_path / "whole", keep_top=99)
    task = plan.tasks[0].task
    clean, noisy = (plan.cell(plan.tasks[0], plan.encoders[0], condition).key for condition in (CLEAN, SHOUTED))
    for key in (clean, noisy):
        held = {place: found for place, found in lists_of(run, key, task.corpus.ids).items() if found}
        assert held == exported(whole, key)
        assert held
    found = read_overlaps(run, noisy, NAMES, len(task.queries))
    assert found is not None
    before, after = exported(whole, clean), exported(whole, noisy)
    for (query, name), ranking in after.items():
        if len(ranking) == len(before.get((query, name), [])) > 0:
            numbers = [[task.corpus.ids.index(one) for one in each] for each in (ranking, before[query, name])]
            assert found[query, NAMES.index(name)] == pytest.approx(by_definition(numbers[0], numbers[1]), abs=1e-6)
    assert found[1][np.isfinite(found[1])].tolist() == [1.0, 1.0, 1.0]  # q2 was left as it is
    assert not run.top_path(noisy).exists()
    assert sha256_of(whole.path / "ranks" / f"{noisy}.parquet") == sha256_of(run.path / "ranks" / f"{noisy}.parquet")


def test_overlap_of_random_lists_by_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    one, other = (np.array([rng.permutation(40)[:12] for _ in range(50)], dtype=np.int32) for _ in range(2))
    expected = [by_definition(list(left), list(right)) for left, right in zip(one, other, strict=True)]
    assert overlaps(one, other) == pytest.approx(expected)
    monkeypatch.setattr(kept_lists, "_ROWS", 7)  # in pieces
    assert overlaps(one, other) == pytest.approx(expected)
    assert overlaps(one, one) == pytest.approx(np.ones(50))
    empty = np.full((2, 12), -1, dtype=np.int32)
    assert np.isnan(overlaps(empty, empty)).all()
    assert overlaps(one[:2], empty).tolist() == [0.0, 0.0]


def test_findings_hold_the_overlap_and_old_runs_do_without(folder: Path, tmp_path: Path) -> None:
    suite = suite_of(folder, perturbations=(SHOUTED.perturbation,))
    plan, run, _ = run_cells(suite, tmp_path / "run", keep_top=None)
    found: Any = analyse_run(run).contrasts
    values = read_overlaps(run, plan.cell(plan.tasks[0], plan.encoders[0], SHOUTED).key, NAMES, 2)
    assert values is not None
    multi = found.query("setting == 'multi' and severity == 0.5 and measure == 'AP'").set_index("query_lang")
    assert multi["overlap"].to_dict() == pytest.approx(
        {"all": values[:, 0].mean(), "en": values[0, 0], "de": values[1, 0]}
    )
    mono = found.query("setting == 'mono' and severity == 0.5 and measure == 'AP'").set_index("query_lang")
    assert mono["overlap"].to_dict() == pytest.approx(
        {"all": (values[0, 1] + values[1, 2]) / 2, "en": values[0, 1], "de": values[1, 2]}
    )
    _, old, _ = run_cells(suite, tmp_path / "old")
    assert not (old.path / "rankings").exists()
    before: Any = analyse_run(old).contrasts
    assert before["overlap"].isna().all()
    assert before["noisy"].tolist() == found["noisy"].tolist()
    # Adding noise to an old run neither makes its cells again nor fails.
    more = suite_of(folder, perturbations=(SHOUTED.perturbation, "tests.tiny:Shout"))
    _, extended, summary = run_cells(more, tmp_path / "old", keep_top=None)
    assert (summary.failures, summary.cells_done_before) == ([], 4)
    after: Any = analyse_run(extended).contrasts
    assert after["overlap"].isna().all()


def test_large_lists_are_left_out_and_their_overlap_stays(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = suite_of(folder, perturbations=(SHOUTED.perturbation,))
    plan, whole, _ = run_cells(suite, tmp_path / "whole", keep_top=None)
    kept = keeping.keeping(plan, None)
    # 2 queries with three lists of five passages, one byte each; a clean cell and two noisy ones
    assert (kept.depth, kept.noisy, kept.most) == (100, True, 3 * 2 * 3 * 5)
    monkeypatch.setattr(keeping, "_MOST", 59)
    _, run, _ = run_cells(suite, tmp_path / "run", keep_top=None)
    assert keeping.keeping(plan, None).most == 2 * 3 * 5
    key = plan.cell(plan.tasks[0], plan.encoders[0], SHOUTED).key
    assert read_kept(run, key, NAMES) is None
    left, right = (read_overlaps(one, key, NAMES, 2) for one in (run, whole))
    assert left is not None
    assert right is not None
    assert left.tolist() == right.tolist()


def test_few_lists_are_kept_of_many_languages() -> None:
    names = list_names(["en", "de", "en", "fr"])
    assert names == ("all", "en", "de", "fr")
    assert wanted_lists(names, ["de", "xx"]).tolist() == [[0, 2, 1, -1, 3], [0, -1, 1, 2, 3]]
    assert wanted_lists((*names, "th"), ["de", "xx"]).tolist() == [[0, 2], [0, -1]]
