"""``robustir export queries``: what another engine gets is what a run scores."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import robustir
from robustir.benchmarks.beir import Beir
from robustir.disk.download import sha256_of
from robustir.errors import InputError, RunError
from robustir.rundir.exporting import export_queries, export_run
from tests.tiny import PASSAGES, QUERIES, run_cells, suite_of, write_beir


def read_tsv(path: Path) -> dict[str, str]:
    return dict(line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())


def test_a_suite_is_exported_without_any_encoder(tmp_path: Path) -> None:
    task = write_beir(tmp_path / "task")
    suite = suite_of(task, encoders=("no-such-encoder",), perturbations=("tests.tiny:OnlyA", "tests.tiny:English"))
    written = export_queries(suite, None, tmp_path / "out")
    conditions = [(one.perturbation, one.severity, one.draw, one.queries) for one in written]
    assert conditions == [
        ("", 0.0, 0, 2),
        ("tests.tiny:OnlyA", 0.5, 0, 2),
        ("tests.tiny:OnlyA", 1.0, 0, 2),
        ("tests.tiny:English", 0.5, 0, 1),  # the German query is left out
        ("tests.tiny:English", 1.0, 0, 1),
    ]
    assert [read_tsv(tmp_path / "out" / one.tsv) for one in written[:4]] == [
        {"q1": "a", "q2": "b"},
        {"q1": "c", "q2": "b"},
        {"q1": "c", "q2": "b"},
        {"q1": "c"},
    ]
    assert read_tsv(tmp_path / "out" / "task" / "corpus.tsv") == {name: text for name, _, text in PASSAGES}
    lines = (tmp_path / "out" / "task" / "qrels.txt").read_text().splitlines()
    assert lines == ["q1 0 d1 2", "q1 0 d3 1", "q1 0 f1 1", "q2 0 d2 1", "q2 0 f1 3", "q2 0 f2 1"]
    index = json.loads((tmp_path / "out" / "index.json").read_text())
    assert [row["name"] for row in index["query_sets"]] == [one.name for one in written]
    assert len({one.name for one in written}) == 5
    assert Beir(str(tmp_path / "out" / "task")).load(None).digest() == Beir(str(task)).load(None).digest()


def test_the_queries_are_those_that_a_run_scores(tmp_path: Path) -> None:
    task = write_beir(tmp_path / "task")
    noises = ("tests.tiny:Any3", "tests.tiny:ToLetter")
    suite = suite_of(task, perturbations=noises, severities=(0.5,), seed=7)
    _, run, _ = run_cells(suite, tmp_path / "run")
    of_suite = export_queries(suite, None, tmp_path / "a")
    of_run = export_run(run, None, tmp_path / "b")
    assert [one.perturbation.partition("(")[0] for one in of_suite] == ["", "tests.tiny:Any3"]
    names = ["", "tests.tiny:Any3", "tests.tiny:ToLetter", "random-control"]
    assert [one.perturbation.partition("(")[0] for one in of_run] == names
    for one, other in zip(of_suite, of_run, strict=False):
        assert one == other
        for file in (one.jsonl, one.tsv):
            assert sha256_of(tmp_path / "a" / file) == sha256_of(tmp_path / "b" / file)
    assert read_tsv(tmp_path / "b" / of_run[2].tsv) == {
        "q1": "c",
        "q2": "c",
    }  # c stands once in each's relevant passages
    assert read_tsv(tmp_path / "b" / of_run[3].tsv) == {"q1": "b", "q2": "b"}


def test_another_seed_and_other_data_have_other_names(tmp_path: Path) -> None:
    one = suite_of(write_beir(tmp_path / "task"), perturbations=("tests.tiny:Any3",), severities=(0.5,))
    changed = suite_of(
        write_beir(tmp_path / "new" / "task", queries=(*QUERIES[:1], ("q2", "de", "c"))),
        perturbations=("tests.tiny:Any3",),
        severities=(0.5,),
    )
    first = [one.name for one in export_queries(one, None, tmp_path / "a")]
    seeded = [one.name for one in export_queries(one.replaced(seed=8), None, tmp_path / "b")]
    other = [one.name for one in export_queries(changed, None, tmp_path / "c")]
    assert first[0] == seeded[0]
    assert first[1] != seeded[1]
    assert not {*first, *seeded} & {*other}


def test_an_id_with_blanks_stays_one_column(tmp_path: Path) -> None:
    task = write_beir(
        tmp_path / "task",
        passages=[("d 1", "en", "one\tline\nonly")],
        queries=[("q 1", "en", "x")],
        judgements=[("q 1", "d 1", 1)],
    )
    written = export_queries(suite_of(task), None, tmp_path / "out")
    assert (tmp_path / "out" / "task" / "qrels.txt").read_text() == "q%201 0 d%201 1\n"
    assert read_tsv(tmp_path / "out" / "task" / "corpus.tsv") == {"d%201": "one line only"}
    assert read_tsv(tmp_path / "out" / written[0].tsv) == {"q%201": "x"}


def test_a_second_export_replaces_the_first_and_nothing_else(tmp_path: Path) -> None:
    suite = suite_of(write_beir(tmp_path / "task"), perturbations=("tests.tiny:Any3",), severities=(0.5,))
    before = export_queries(suite, None, tmp_path / "out")
    ranking = tmp_path / "out" / before[0].run
    ranking.write_text("q1 Q0 d1 1 1 mine\n")
    after = export_queries(suite.replaced(seed=3), None, tmp_path / "out")
    there = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.tsv")}
    assert there == {*(one.tsv for one in after), "task/corpus.tsv", "task/qrels/test.tsv"}
    assert ranking.is_file()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("dear")
    with pytest.raises(RunError, match="holds other files"):
        export_queries(suite, None, tmp_path / "other")


def test_the_command(tmp_path: Path, invoke) -> None:
    small = ("--languages", "en,th", "--severities", "0.4", "--draws", "1", "--perturbation", "typos")
    done = invoke("export", "queries", "quickstart", *small, "-o", tmp_path / "out")
    assert done.code == 0, done.err
    assert "200 queries" in done.out
    assert f"trec-run('{tmp_path / 'out'}/index.json')" in done.out
    refused = invoke("export", "queries", "quickstart", "--encoder", "bm25", "-o", tmp_path / "no")
    assert refused.code == 2
    assert "do not depend on encoders" in refused.err
    _, run, _ = run_cells(suite_of(write_beir(tmp_path / "task")), tmp_path / "run")
    assert invoke("export", "queries", run.path, "-o", tmp_path / "again").code == 0
    both = invoke("export", "queries", run.path, "--seed", "3", "-o", tmp_path / "no")
    assert both.code == 2
    assert "--seed" in both.err
    assert not (tmp_path / "no").exists()


def test_from_python_as_from_the_command_line(tmp_path: Path, invoke) -> None:
    task = write_beir(tmp_path / "task")
    options = (
        "--benchmark",
        task,
        "--perturbation",
        "tests.tiny:Any3",
        "--severities",
        "0.5",
        "--draws",
        "2",
        "--seed",
        "3",
    )
    assert invoke("export", "queries", "quickstart", *options, "-o", tmp_path / "a").code == 0
    rows = robustir.export_queries(
        "quickstart",
        tmp_path / "b",
        benchmarks=str(task),
        perturbations="tests.tiny:Any3",
        severities=0.5,
        draws=2,
        seed=3,
    )
    assert [(row.perturbation, row.draw) for row in rows] == [("", 0), ("tests.tiny:Any3", 0), ("tests.tiny:Any3", 1)]
    files = [path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file()]
    assert len(files) == 1 + 5 + 2 * 3
    assert all(sha256_of(tmp_path / "a" / file) == sha256_of(tmp_path / "b" / file) for file in files)
    live = robustir.export_queries(
        "quickstart",
        tmp_path / "c",
        benchmarks=robustir.benchmark(str(task)),
        perturbations="typos",
        severities=[0.5],
        draws=1,
    )
    assert [row.benchmark for row in live] == ["task", "task"]
    _, run, _ = run_cells(suite_of(task), tmp_path / "run")
    assert (
        len(robustir.export_queries(run, tmp_path / "d"))
        == len(robustir.export_queries(str(run.path), tmp_path / "e"))
        == 1
    )
    with pytest.raises(InputError, match="leave seed out"):
        robustir.export_queries(run.path, tmp_path / "f", seed=3)
