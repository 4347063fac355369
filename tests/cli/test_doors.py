"""Places and outputs that the system refuses: one message and exit code 2, or the command works."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import robustir
from robustir.encoders.weights import load_pickle
from robustir.errors import InputError
from tests.tiny import write_beir

LONG = "x" * 300
TYPOS = ("perturb", "typos", "-l", "en", "-s", "0.5")


def called(*arguments: str | bytes, cwd: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Call the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "robustir", *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
        input=b"where is the nile\n",
    )


def refused(done: subprocess.CompletedProcess[bytes]) -> str:
    """Return the one message of a command that was refused."""
    told = done.stderr.decode("utf-8", "replace")
    assert done.returncode == 2, told
    assert "Traceback" not in told
    assert len(told) < 1500
    return told


def test_an_output_that_cannot_hold_the_text(tmp_path: Path) -> None:
    chinese = ("perturb", "code-switch(into='zh')", "-l", "en", "-s", "1")
    told = refused(called(*chinese, cwd=tmp_path, PYTHONIOENCODING="latin-1"))
    assert "which cannot hold '\\u" in told
    assert "set PYTHONIOENCODING=utf-8" in told
    plain = called(
        *chinese, cwd=tmp_path, PYTHONIOENCODING="ascii"
    )  # click takes ASCII for a mistake, and writes UTF-8
    assert plain.returncode == 0
    assert plain.stdout.decode("utf-8").strip()
    assert called(*TYPOS, cwd=tmp_path, PYTHONIOENCODING="latin-1").returncode == 0
    plain = called(*chinese, cwd=tmp_path, LC_ALL="C")
    assert plain.returncode == 0
    assert plain.stdout.decode("utf-8").strip()


@pytest.mark.parametrize(
    "arguments",
    [
        ("report", LONG),
        ("show", LONG),
        ("plan", f"{LONG}.toml"),
        ("plan", "quickstart", "--encoder", LONG),
        ("plan", "quickstart", "--encoder", f"./{LONG}"),
        ("plan", "quickstart", "--benchmark", f"./{LONG}"),
        ("train", LONG, "-o", "out"),
        ("encode", "hashing", "-o", LONG, "--lang", "en", "texts"),
        ("perturb", f"recorded(file='{LONG}')", "-l", "en", "-s", "1", "texts"),
        ("perturb", "typos", "-l", "en", "-s", "1", LONG),
    ],
    ids=lambda arguments: " ".join(arguments).replace(LONG, "LONG"),
)
def test_a_name_that_no_file_can_have(
    tmp_path: Path, invoke, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "texts").write_text("where is the nile\n", encoding="utf-8")
    result = invoke(*arguments)
    assert result.code == 2, result.err
    assert "Traceback" not in result.err


@pytest.mark.skipif(sys.platform != "linux", reason="other systems name files in Unicode")
def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    texts = os.fsencode(tmp_path) + b"/te\xffxts"
    Path(os.fsdecode(texts)).write_text("where is the nile\n", encoding="utf-8")
    assert called(*TYPOS, texts, cwd=tmp_path).returncode == 0
    out = os.fsencode(tmp_path) + b"/o\xfft.npy"
    done = called("encode", "hashing", "--lang", "en", "-o", out, texts, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert b"o\xfft.npy" in done.stdout + done.stderr
    refused(called("report", os.fsencode(tmp_path) + b"/no\xff", cwd=tmp_path))


def test_a_colon_in_a_name_is_a_character(tmp_path: Path) -> None:
    done = called("encode", "hashing", "--lang", "en", "-o", "exp:1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "exp:1").is_file()


def test_a_place_that_cannot_be_written() -> None:
    told = refused(called("new", "perturbation", "mine", cwd=Path("/proc")))
    assert "robustir-mine" in told


def test_a_limit_of_the_system_is_not_a_damaged_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    path = tmp_path / "model.bin"
    torch.save({"a": torch.zeros(2)}, path)

    def refuse(*_: object, **__: object) -> object:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(torch, "load", refuse)
        with pytest.raises(InputError, match=r"the system gave no more threads .*; no file is to blame"):
            load_pickle(path, "the weights")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match="get the file again"):
        load_pickle(path, "the weights")


def test_memory_that_is_not_there_is_told(invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    from robustir.cli import perturb

    def refuse(*_: object, **__: object) -> object:
        raise MemoryError

    monkeypatch.setattr(perturb, "_read", refuse)
    result = invoke(*TYPOS)
    assert result.code == 2
    assert "the system gave no more memory" in result.err
    assert "bug" not in result.err


# Root, whom files may refuse as they refuse any other user.
WITHOUT_RIGHTS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root needs setpriv to be refused")
@pytest.mark.parametrize(
    ("shut", "mode", "arguments", "told"),
    [
        ("texts", 0o000, (*TYPOS, "texts"), "Permission denied"),
        ("task/corpus.jsonl", 0o000, ("plan", "suite.toml"), "corpus.jsonl cannot be read: Permission denied"),
        ("task", 0o444, ("plan", "suite.toml"), "corpus.jsonl: Permission denied"),
        ("suite.toml", 0o000, ("plan", "suite.toml"), "suite.toml cannot be read: Permission denied"),
        ("run/manifest.json", 0o000, ("report", "run"), "manifest.json cannot be read: Permission denied"),
        ("run/ranks", 0o000, ("report", "run"), ".parquet: Permission denied"),
        ("run/ranks/*", 0o000, ("resume", "run"), ".parquet cannot be read: Permission denied"),
        ("run", 0o555, ("report", "run", "--format", "markdown"), "report.md cannot be written: Permission denied"),
        (
            "run/findings",
            0o555,
            ("report", "run", "--format", "csv"),
            "scores.csv cannot be written: Permission denied",
        ),
        ("shut", 0o555, ("run", "suite.toml", "-o", "shut/run"), "shut/run cannot be written: Permission denied"),
        ("shut", 0o555, ("encode", "hashing", "--lang", "en", "-o", "shut/v.npy", "texts"), "Permission denied"),
        ("shut", 0o555, ("export", "queries", "suite.toml", "-o", "shut/queries"), "Permission denied"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_must_not_be_read_or_written(
    place: Path, shut: str, mode: int, arguments: tuple[str, ...], told: str
) -> None:
    (path,) = list(place.glob(shut))[:1]
    path.chmod(mode)
    try:
        words = WITHOUT_RIGHTS if os.geteuid() == 0 else ()
        command = [*words, sys.executable, "-m", "robustir", *arguments]
        done = subprocess.run(command, cwd=place, capture_output=True, check=False)
    finally:
        path.chmod(0o755)
    assert told in refused(done)
    assert "damaged" not in done.stderr.decode()
    assert "download" not in done.stderr.decode()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a collection, a suite, texts, a finished run and an empty folder."""
    folder = tmp_path_factory.mktemp("place")
    task = write_beir(folder / "task")
    (folder / "texts").write_text("where is the nile\n", encoding="utf-8")
    (folder / "shut").mkdir()
    (folder / "suite.toml").write_text(
        f'name = "tiny"\nbenchmarks = ["{task}"]\nencoders = ["bm25"]\nperturbations = ["typos"]\nseverities = [0.5]\n'
        "draws = 1\nexploratory = true\n[statistics]\nresamples = 99\nflips = 99\n",
        encoding="utf-8",
    )
    robustir.run(str(folder / "suite.toml"), folder / "run", formats=["csv"])
    return folder
