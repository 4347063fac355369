"""Two benchmarks of a plan with one name are told apart by what their specs say differently."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from robustir.errors import SpecError
from robustir.planning.benchmark_names import distinct_names
from robustir.planning.plan import make_plan
from robustir.planning.suite import load_suite


@pytest.mark.parametrize(
    ("names", "specs", "expected"),
    [
        (["a", "b"], ["beir('x/a')", "beir('x/b')"], ["a", "b"]),
        (["a", "a"], ["beir('x/a')", "beir('x/a', split='dev')"], ["a", "a(split='dev')"]),
        (["a", "a"], ["beir('x/a')", "beir('y/a')"], ["x/a", "y/a"]),
        (["a", "a", "a"], ["beir('z/x/a')", "beir('y/x/a')", "beir('y/b/a', split='dev')"], ["z/x/a", "y/x/a", "y/b/a(split='dev')"]),
        (["a", "a"], ["beir('x/a', lang='de')", "beir('y/a', lang='de')"], ["x/a", "y/a"]),
        (["wmt", "wmt"], ["wmt(sets='wmt13')", "wmt(sets='wmt14')"], ["wmt(sets='wmt13')", "wmt(sets='wmt14')"]),
        (["a", "a", "x/a"], ["beir('x/a')", "beir('y/a')", "own('q')"], ["beir('x/a')", "y/a", "x/a"]),
        (["a", "a"], ["My task!", "mini"], ["a", "a"]),
        (["a", "a"], ["mini", "mini"], ["a", "a"]),  # the plan refuses these
    ],
)  # fmt: skip
def test_names(names: list[str], specs: list[str], expected: list[str]) -> None:
    assert distinct_names(names, specs) == expected


def folder(path: Path) -> Path:
    (path / "qrels").mkdir(parents=True)
    for name, row in (("corpus", {"_id": "d", "text": "a river"}), ("queries", {"_id": "q", "text": "river"})):
        (path / f"{name}.jsonl").write_text(json.dumps(row) + "\n")
    for split in ("test", "dev"):
        (path / "qrels" / f"{split}.tsv").write_text("q\td\t1\n")
    return path


def test_a_plan_of_two_splits_and_two_folders(tmp_path: Path) -> None:
    one, other = folder(tmp_path / "x" / "scifact"), folder(tmp_path / "y" / "scifact")
    suite = load_suite("quickstart")
    specs = [str(one), f"beir('{one}', split='dev')", str(other)]
    plan = make_plan(suite.replaced(benchmarks=specs, encoders=["bm25"]))
    assert [planned.task.name for planned in plan.tasks] == ["x/scifact", "x/scifact(split='dev')", "y/scifact"]
    assert len({cell.benchmark for cell in plan.cells()}) == 3
    with pytest.raises(SpecError, match="'scifact'"):
        make_plan(suite.replaced(benchmarks=[str(one), f"beir('{one}')"], encoders=["bm25"]))
