"""The run directory: what is written is read back, what is damaged is named, and one process at a time writes."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from robustir.benchmarks.beir import Beir
from robustir.disk.download import sha256_of
from robustir.errors import InputError, RunError
from robustir.rundir.directory import RunDirectory
from robustir.rundir.manifest import BenchmarkEntry
from robustir.running.encoding import VectorFile
from robustir.running.summary import RunSummary
from robustir.types import Dose, Ranks
from tests.disk.test_atomic import refuse
from tests.tiny import run_cells, suite_of, write_beir


def ranks(*values: int) -> Ranks:
    """Return ranks with other numbers in every column."""
    return Ranks(*(np.array(values, dtype=np.uint32) * (1 + column) for column in range(6)))


def test_ranks_are_read_back_in_the_smallest_type(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    run.write_ranks("a", ranks(1, 0, 200))
    types = [str(field.type) for field in pq.ParquetFile(run.ranks_path("a")).schema_arrow]
    assert types == ["uint8"] + ["uint16"] * 5
    back = run.read_ranks("a")
    for name in Ranks.__slots__:
        assert getattr(back, name).dtype == np.uint32
        assert getattr(back, name).tolist() == getattr(ranks(1, 0, 200), name).tolist()
    run.write_ranks("b", ranks(1, 0, 200))
    assert sha256_of(run.ranks_path("a")) == sha256_of(run.ranks_path("b"))


def test_a_task_is_read_back_without_the_texts_of_its_passages(tmp_path: Path) -> None:
    task = Beir(str(write_beir(tmp_path / "task"))).load(None)
    run = RunDirectory(tmp_path / "run")
    run.write_task("k", task)
    back = run.read_task(
        BenchmarkEntry(
            name="task",
            spec="task",
            digest="",
            queries_key="k",
            settings=task.settings,
            languages=task.languages,
            queries=len(task.queries),
            passages=len(task.corpus),
            groups=1,
            group_kind=task.group_kind,
        )
    )
    assert back.queries == task.queries
    assert (back.corpus.ids, back.corpus.langs) == (task.corpus.ids, task.corpus.langs)
    assert back.qrels.digest() == task.qrels.digest()
    noisy = task.queries.with_texts(["é", "b"], Dose(np.array([1.0, 0.0]), np.array([0.1, 1 / 3])))
    run.write_queries("n", noisy)
    ids, texts, dose = run.read_noisy("n")
    assert (ids, texts) == (["q1", "q2"], ["é", "b"])
    assert dose.char_error_rate.tolist() == [0.1, 1 / 3]


@pytest.mark.parametrize("damage", ["cut", "flip", "other"])
def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path, damage: str) -> None:
    run = RunDirectory(tmp_path)
    run.write_ranks("a", ranks(*range(1, 2000)))
    path = run.ranks_path("a")
    content = path.read_bytes()
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "other":
        path.write_bytes(b"hello")
    else:
        flipped = bytearray(content)
        flipped[300] ^= 1  # inside the first page: only a checksum can tell
        path.write_bytes(flipped)
    with pytest.raises(RunError, match=r"a\.parquet is damaged.*robustir resume") as caught:
        run.read_ranks("a")
    assert str(tmp_path) in str(caught.value)
    path.unlink()
    with pytest.raises(RunError, match=r"a\.parquet is missing.*robustir resume"):
        run.read_ranks("a")


def test_what_the_system_refuses_is_not_called_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunDirectory(tmp_path)
    run.write_ranks("a", ranks(1))
    monkeypatch.setattr(pq, "ParquetFile", refuse(errno.EMFILE))
    with pytest.raises(InputError, match=r"no more open files .* no file is to blame") as caught:
        run.read_ranks("a")
    assert "delete" not in str(caught.value)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"schema": 1}'])
def test_a_damaged_manifest(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content, encoding="utf-8")
    with pytest.raises(RunError, match=r"manifest\.json"):
        RunDirectory.open(tmp_path).read_manifest()


def test_a_second_process_is_refused_and_the_lock_dies_with_its_holder(tmp_path: Path) -> None:
    script = (
        "import fcntl, sys\n"
        "handle = open(sys.argv[1], 'w')\n"
        "fcntl.flock(handle, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / ".lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    try:
        with pytest.raises(RunError, match=r"in use by another process.*-o"), RunDirectory(tmp_path).locked():
            pass
    finally:
        holder.kill()
        holder.communicate()
    with RunDirectory(tmp_path).locked():
        pass


def test_leftovers_are_removed_and_nothing_of_others(tmp_path: Path) -> None:
    """``-o .`` must not touch what was there before."""
    run = RunDirectory(tmp_path)
    run.write_ranks("a" * 32, ranks(1))
    mine = [
        tmp_path / "ranks" / f".{'b' * 32}.parquet.77.tmp",
        tmp_path / ".manifest.json.77.tmp",
        tmp_path / ".report.html.77.tmp",
        run.work_path / "vectors-x" / "vectors.npy",
    ]
    others = [
        tmp_path / ".work" / "thesis.tex",
        tmp_path / ".draft.tmp",
        tmp_path / "ranks" / ".mine.tmp",
        tmp_path / "deep" / "er" / f".{'b' * 32}.parquet.77.tmp",
    ]
    for path in (*mine, *others):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="utf-8")
    with run.locked():
        assert not any(path.exists() for path in mine)
    assert all(path.exists() for path in others)
    assert run.ranks_path("a" * 32).exists()


@pytest.mark.parametrize("target", ["fsync", "replace", "truncate"])
def test_a_full_disk_stops_the_run_and_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    """The third file that is synced does not fit any more; the vectors of an encoder may not fit either."""
    suite = suite_of(write_beir(tmp_path / "task"), perturbations=("tests.tiny:OnlyA",))
    owner: Any = {"fsync": os, "replace": Path, "truncate": VectorFile}[target]
    name = "_create" if target == "truncate" else target
    real = getattr(owner, name)
    calls: list[object] = []

    def full(*arguments: object) -> object:
        calls.append(arguments)
        if len(calls) > (0 if target == "truncate" else 6):
            refuse(28)()
        return real(*arguments)

    monkeypatch.setattr(owner, name, full)
    with pytest.raises(RunError, match="disk is full") as caught:
        run_cells(suite, tmp_path / "run")
    assert caught.value.exit_code == 2
    monkeypatch.undo()
    files = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert not [path for path in files if path.suffix not in {".json", ".parquet", ".sha256"} and path.name != ".lock"]
    for path in (path for path in files if path.suffix == ".parquet"):
        pq.read_table(path)
    summary: RunSummary = run_cells(suite, tmp_path / "run")[2]
    assert not summary.failures
    whole = run_cells(suite, tmp_path / "whole")[1]
    assert {path.name: path.read_bytes() for path in (whole.path / "ranks").iterdir()} == {
        path.name: path.read_bytes() for path in (tmp_path / "run" / "ranks").iterdir()
    }
