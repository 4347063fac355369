"""Runs with an index: measures are those of a ranking that is cut, recall is reported, and nothing mixes with other searches."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import robustir
from robustir.errors import InputError, MissingExtraError, RunError
from robustir.planning.plan import make_plan
from robustir.rundir.directory import RunDirectory
from robustir.running.orchestration import execute_plan
from robustir.running.summary import RunOptions
from tests.processes import digests, hearing
from tests.tiny import suite_of, write_beir

pytest.importorskip("faiss", reason="the extra faiss is not installed")

PARTS = ("queries", "passages", "relevant", "ranks", "rankings", "indexes", "findings")
MINI = {
    "benchmarks": ("mini",),
    "languages": ("en", "de"),
    "perturbations": ("typos",),
    "severities": (0.4,),
    "measures": ("AP", "RR", "nDCG", "Hit@1"),
}


def run(folder: Path, index: str, **fields: object) -> RunDirectory:
    directory = RunDirectory(folder)
    suite = suite_of(**{"encoders": ("hashing",), **MINI, "index": index, **fields})
    execute_plan(make_plan(suite), directory, RunOptions(jobs=1, cache=folder.parent / "cache"), formats=("csv",))
    return directory


def test_measures_are_those_of_a_ranking_cut_at_the_depth(tmp_path: Path) -> None:
    """The query scores 4, 3, 2, 1, 0; its relevant passages are second and fourth, and the index stops after three."""
    rows = (("d1", "en", "aaaa"), ("d2", "en", "aaa"), ("d3", "en", "aa"), ("d4", "en", "a"), ("d5", "en", "b"))
    folder = write_beir(tmp_path / "task", rows, (("q", "en", "a"),), (("q", "d2", 1), ("q", "d4", 1)))
    known = {
        "benchmarks": (str(folder),),
        "encoders": ("tests.tiny:Letters",),
        "perturbations": ("tests.tiny:Nothing",),
    }
    scores = {}
    for index in ("exact", "flat(k=3)"):
        found = robustir.analyse(run(tmp_path / index, index, **known, languages=None)).scores
        scores[index] = dict(zip(found["measure"], found["clean"], strict=True))
    half = 1 / np.log2(3)
    ideal = 1 + half
    assert scores["exact"] == pytest.approx(
        {"AP": (1 / 2 + 2 / 4) / 2, "RR": 0.5, "nDCG": (half + 1 / np.log2(5)) / ideal, "Hit@1": 0}
    )
    assert scores["flat(k=3)"] == pytest.approx({"AP": (1 / 2) / 2, "RR": 0.5, "nDCG": half / ideal, "Hit@1": 0})


def test_recall_is_in_manifest_findings_and_report(tmp_path: Path) -> None:
    directory = run(tmp_path / "run", "ivf(nlist=8, nprobe=2, k=20)")
    manifest = directory.read_manifest()
    entry = manifest.indexes[0]
    assert (entry.benchmark, entry.encoder, entry.depth) == ("mini", "hashing", 20)
    assert entry.recall.keys() == {"10", "20"}
    assert 0.2 < entry.recall["10"] < 0.9
    assert len(list((directory.path / "indexes").glob("*.faiss"))) == 2  # one per language
    assert sum(name.startswith("indexes/") for name in manifest.files or ()) == 2
    findings = robustir.analyse(directory)
    rows = findings.indexes.set_index("perturbation")
    assert rows.loc["clean", "recall_at_10"] == pytest.approx(entry.recall["10"])
    assert rows.loc["typos", "recall_at_depth"] == pytest.approx(entry.recall_under_noise["20"])
    assert np.isnan(rows.loc["clean", "recall_at_100"])
    assert set(rows["queries"]) <= {*range(100, 201)}
    for name in ("html", "md"):
        robustir.render(findings, tmp_path / f"report.{name}")
        text = (tmp_path / f"report.{name}").read_text(encoding="utf-8")
        assert "approximate index" in text
        assert "Recall of the index" in text
    exact = run(tmp_path / "exact", "exact")
    assert "indexes" not in json.loads((exact.path / "manifest.json").read_text(encoding="utf-8"))
    assert not (exact.path / "indexes").exists()
    assert robustir.analyse(exact).indexes.empty


def test_an_index_with_every_list_probed_gives_the_exact_measures(tmp_path: Path) -> None:
    exact, probed = (run(tmp_path / name, index) for name, index in (("a", "exact"), ("b", "ivf(nlist=8, nprobe=8)")))
    assert probed.read_manifest().indexes[0].recall == {"10": 1.0, "100": 1.0, "1000": 1.0}
    left, right = (robustir.analyse(one).contrasts for one in (exact, probed))
    assert left["noisy"].to_numpy() == pytest.approx(right["noisy"].to_numpy())
    assert left["delta"].to_numpy() == pytest.approx(right["delta"].to_numpy())


def test_another_index_is_another_run(tmp_path: Path) -> None:
    first = run(tmp_path / "run", "flat(k=50)")
    with pytest.raises(RunError, match=r"its index is flat\(k=50\), the plan's is exact"):
        run(tmp_path / "run", "exact")
    other = run(tmp_path / "other", "exact")
    with pytest.raises(
        InputError, match=r"searched hashing by flat\(k=50\), and .* by exact; scores of different searches"
    ):
        robustir.compare(first, other)
    keys = [{cell.key for cell in one.read_manifest().cells} for one in (first, other)]
    assert not keys[0] & keys[1]


def test_words_are_searched_exactly_beside_an_index(tmp_path: Path) -> None:
    both = run(tmp_path / "run", "flat(k=50)", encoders=("hashing", "bm25"))
    manifest = both.read_manifest()
    assert manifest.encoder_notes == ("bm25 searches exactly: flat(k=50) is for vectors",)
    alone = run(tmp_path / "words", "exact", encoders=("bm25",))
    keys = {cell.key for cell in alone.read_manifest().cells}
    assert keys == {cell.key for cell in manifest.cells if cell.encoder == "bm25"}
    with pytest.raises(InputError, match="searches vectors, and bm25 makes none"):
        run(tmp_path / "none", "flat", encoders=("bm25",))


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"measures": ("AP", "RankDistance")}, r"RankDistance needs the rank of every .* --measure AP$"),
        ({"measures": ("R@500",)}, r"R@500 looks at 500 passages, and --index flat\(k=50\) stops after 50: .* k=500"),
        ({"index": "ivf(nlist=5000)"}, r"mini in (en|de) has \d+ passages; nlist=5000 clusters need as many"),
        ({"index": "pq(m=7, bits=4)"}, r"the 384 dimensions of hashing cannot be cut into m=7"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_runs(fields: dict[str, object], why: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=why):
        run(tmp_path / "run", **{"index": "flat(k=50)", **fields})  # type: ignore[arg-type]
    assert not (tmp_path / "run").exists()


def test_without_faiss_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("robustir.ranking.indexes.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'robustir\[faiss\]'"):
        run(tmp_path / "run", "flat")


def test_a_lost_or_damaged_index_is_made_again(tmp_path: Path) -> None:
    whole = run(tmp_path / "run", "ivf(nlist=8)")
    before = digests(whole.path, PARTS)
    first, second = sorted((whole.path / "indexes").iterdir())
    first.unlink()
    second.write_bytes(second.read_bytes()[:-1] + b"x")
    run(tmp_path / "run", "ivf(nlist=8)")
    assert digests(whole.path, PARTS) == before
    assert {f"indexes/{path.name}" for path in (first, second)} <= (whole.read_manifest().files or {}).keys()


@pytest.mark.slow
def test_killed_and_resumed_in_two_processes(tmp_path: Path) -> None:
    suite = [
        "run",
        "quickstart",
        "--languages",
        "en,zh",
        "--severities",
        "0.2,0.6",
        "--draws",
        "1",
        "--encoder",
        "hashing",
    ]
    arguments = [
        *suite,
        "--measure",
        "AP",
        "--index",
        "ivf(nlist=16, nprobe=4)",
        "--format",
        "csv",
        "--jobs",
        "1",
        "-o",
    ]

    def start(*words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "robustir", *words], stdout=subprocess.DEVNULL)

    with hearing():
        assert start(*arguments, str(tmp_path / "whole")).wait() == 0
        for waits_for in ("indexes/*.faiss", "ranks/*.parquet"):
            killed = start(*arguments, str(tmp_path / "run"))
            deadline = time.monotonic() + 120
            while (
                killed.poll() is None and not list((tmp_path / "run").glob(waits_for)) and time.monotonic() < deadline
            ):
                time.sleep(0.002)
            killed.send_signal(signal.SIGKILL)
            assert killed.wait() == -signal.SIGKILL
        assert start("resume", str(tmp_path / "run"), "--jobs", "2", "--format", "csv").wait() == 0
    assert digests(tmp_path / "run", PARTS) == digests(tmp_path / "whole", PARTS)
