"""``robustir scores``: every option chooses in every format, and a TREC run reads back as what it was."""

from __future__ import annotations

import csv
import io
import itertools
from pathlib import Path

import ir_measures
import pytest
from ir_measures import AP

from robustir.cli import main
from tests.tiny import write_beir

PASSAGES = (
    ("d 1", "en", "rivers of the north"),
    ("d%201", "en", "mountains and rivers"),
    ("d\u30002", "en", "rivers in spring and snow"),
    ("d3", "en", "a map of mountains"),
)
QUERIES = (("q 1", "en", "rivers in the north"), ("q\u00a02", "en", "snow on mountains"))
JUDGEMENTS = (("q 1", "d%201", 1), ("q 1", "d\u30002", 1), ("q\u00a02", "d\u30002", 2), ("q\u00a02", "d3", 1))


def made(folder: Path, passages: tuple[tuple[str, str, str], ...]) -> Path:
    """A finished run of two encoders, two noises, two severities and two draws, with its rankings."""
    task = write_beir(folder / "task", passages, QUERIES, JUDGEMENTS)
    suite = folder / "suite.toml"
    suite.write_text(
        f'name = "tiny"\nbenchmarks = ["{task}"]\nencoders = ["hashing", "hashing(dim=64)"]\nmeasures = ["AP", "RR"]\n'
        'perturbations = ["typos", "shuffle-words"]\nseverities = [0.3, 0.6]\ndraws = 2\n'
        "[statistics]\nflips = 99\nresamples = 99\n",
        encoding="utf-8",
    )
    run = folder / "run"
    with pytest.raises(SystemExit) as leave:
        main(["run", str(suite), "-o", str(run), "--jobs", "1", "--format", "csv", "--keep-top", "10"])
    assert leave.value.code == 0
    return run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    passages = tuple(row for row in PASSAGES if row[0] != "d 1")
    return made(tmp_path_factory.mktemp("scores"), passages)


def rows(invoke, run: Path, *options: str) -> list[dict[str, str]]:
    result = invoke("scores", run, "--format", "csv", *options)
    assert result.code == 0, result.err
    return list(csv.DictReader(io.StringIO(result.out)))


def test_every_choice_is_a_filter_of_the_whole_table(run: Path, invoke) -> None:
    every = rows(invoke, run)
    assert len(every) == 2 * 2 * 2 * (1 + 2 * 2 * 2)  # queries, encoders, measures, conditions
    choices = {
        ("--perturbation", "typos"): ("perturbation", "typos"),
        ("--perturbation", "shuffle"): ("perturbation", "shuffle-words"),
        ("--perturbation", "clean"): ("perturbation", ""),
        ("--severity", "0.6"): ("severity", "0.6"),
        ("--severity", "0"): ("severity", "0"),
        ("--draw", "1"): ("draw", "1"),
        ("--setting", "mono"): ("setting", "mono"),
        ("--measure", "RR"): ("measure", "RR"),
        ("--encoder", "hashing(dim=64)"): ("encoder", "hashing(dim=64)"),
        ("--encoder", "dim=64"): ("encoder", "hashing(dim=64)"),
        ("--encoder", "hashing( dim = 64 )"): ("encoder", "hashing(dim=64)"),
        ("--encoder", "hashing"): ("encoder", "hashing"),
    }
    for options, (column, wanted) in choices.items():
        kept = [row for row in every if row[column] == wanted]
        assert kept
        assert rows(invoke, run, *options) == kept
    both = rows(invoke, run, "--perturbation", "typos", "--severity", "0.3", "--draw", "0")
    assert both == [
        row for row in every if (row["perturbation"], row["severity"], row["draw"]) == ("typos", "0.3", "0")
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--perturbation", "ocr"), "no perturbation 'ocr'; its perturbations are: typos, shuffle-words"),
        (("--perturbation", "o"), "a part of 2 perturbations"),
        (("--severity", "0.5"), "no severity 0.5 here; it has: 0, 0.3, 0.6"),
        (("--perturbation", "typos", "--severity", "0"), "no severity 0.0 here; it has: 0.3, 0.6"),
        (("--draw", "2"), "no draw 2 here; it has: 0, 1"),
        (("--encoder", "bm25"), "no encoder 'bm25'"),
        (("--benchmark", "mini"), "no benchmark 'mini'"),
        (("--setting", "cross"), "no setting cross; it has: mono"),
        (("--measure", "RankDistance", "--setting", "mono"), "define none of the measures"),
    ],
)
def test_what_is_not_there_is_said(run: Path, invoke, options: tuple[str, ...], message: str) -> None:
    result = invoke("scores", run, "--format", "csv", *options)
    assert result.code == 2
    assert message in result.err
    assert result.out == ""


def test_a_trec_run_with_blanks_in_ids_reads_back(run: Path, tmp_path: Path, invoke) -> None:
    trec = invoke("scores", run, "--format", "trec", "--encoder", "dim=64", "--setting", "mono")
    assert trec.code == 0, trec.err
    assert "3 ids hold blanks" in trec.err
    assert {len(line.split()) for line in trec.out.splitlines()} == {6}
    exported = invoke("export", "queries", run, "-o", tmp_path / "export")
    assert exported.code == 0, exported.err
    (judged,) = (tmp_path / "export").rglob("qrels.txt")
    qrels = list(ir_measures.read_trec_qrels(str(judged)))
    found = {
        value.query_id: value.value
        for value in ir_measures.iter_calc([AP], qrels, ir_measures.read_trec_run(io.StringIO(trec.out)))
    }
    wanted = rows(invoke, run, "--encoder", "dim=64", "--setting", "mono", "--measure", "AP", "--perturbation", "clean")
    assert len(wanted) == 2
    for row in wanted:
        name = row["query_id"].replace(" ", "%20").replace("\u00a0", "%C2%A0")
        assert found[name] == pytest.approx(float(row["value"]))


def test_ids_that_would_be_one_are_refused(tmp_path: Path, invoke) -> None:
    run = made(tmp_path, PASSAGES)
    refused = invoke("scores", run, "--format", "trec", "--encoder", "dim=64")
    assert refused.code == 2
    assert "'d 1' and 'd%201' would be equal" in refused.err
    assert refused.out == ""


def test_a_trec_run_is_of_one_condition(run: Path, invoke) -> None:
    trec = ("scores", run, "--format", "trec", "--encoder", "dim=64")
    lists = {}
    for noise, severity, draw in itertools.product(("typos", "shuffle-words"), ("0.3", "0.6"), ("0", "1")):
        chosen = ("--perturbation", noise, "--severity", severity, "--draw", draw)
        lists[noise, severity, draw] = invoke(*trec, *chosen).out
    assert len(set(lists.values())) == 8
    several = invoke(*trec, "--perturbation", "typos", "--severity", "0.3")
    assert several.code == 2
    assert "typos at 0.3, draw 0" in several.err
    assert "typos at 0.3, draw 1" in several.err
    assert invoke(*trec, "--measure", "AP").code == 2  # a ranking has no measure
