"""Code that a suite or a run names does not run before the user typed its name or confirmed it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from robustir.cli.confirming import Confirmed
from tests.tiny import write_beir

# Leaves a mark when it is imported; its objects are those of a real plugin.
CODE = """
from pathlib import Path
from tests.tiny import Letters, OnlyA

(Path(__file__).parent / "mark").touch()
"""


LETTERS = '["somebodys:Letters", "bm25"]'


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file that somebody's code writes when it runs."""
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "somebodys.py").write_text(CODE, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    yield folder / "mark"
    sys.modules.pop("somebodys", None)


def ran(mark: Path) -> bool:
    """Whether the code ran since this was last asked."""
    found = mark.exists()
    mark.unlink(missing_ok=True)
    sys.modules.pop("somebodys", None)
    return found


def suite_file(tmp_path: Path, **lists: str) -> Path:
    """Write a suite of the tiny task; lists in TOML replace its own."""
    task = write_beir(tmp_path / "task")
    given = {"benchmarks": f'["{task}"]', "encoders": '["bm25"]', "perturbations": '["typos"]'} | lists
    path = tmp_path / "suite.toml"
    path.write_text(
        'name = "theirs"\ndraws = 1\nseverities = [1.0]\nmeasures = ["AP"]\n'
        + "".join(f"{name} = {content}\n" for name, content in given.items())
        + "[statistics]\nflips = 99\nresamples = 99\n",
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize(
    "lists",
    [
        {"encoders": '["somebodys:Letters"]'},
        {"encoders": '[{ spec = "somebodys:Letters", name = "theirs" }]'},
        {"optional": '["somebodys:Letters"]'},
        {"encoders": "['int8(\"somebodys:Letters\")']"},
        {"perturbations": '["somebodys:OnlyA"]'},
        {"perturbations": '["compose(somebodys:OnlyA, typos)"]'},
        {"perturbations": '[{ spec = "somebodys:OnlyA", optional = true }]'},
        {"perturbations": "['adversarial(against=\"somebodys:Letters\")']"},
        {"benchmarks": '["somebodys:Letters"]'},
    ],
)
def test_code_of_a_suite_does_not_run(tmp_path: Path, mark: Path, invoke, lists: dict[str, str]) -> None:
    suite = suite_file(tmp_path, **lists)
    for words in (("plan", suite), ("run", suite, "-o", tmp_path / "run")):
        refused = invoke(*words)
        assert refused.code == 2, refused.out
        assert "somebodys:" in refused.err
        assert "is code, and was not run; read it, then confirm it with --code" in refused.err
        assert not ran(mark)
    assert not (tmp_path / "run").exists()


def test_queries_are_exported_without_code(tmp_path: Path, mark: Path, invoke) -> None:
    suite = suite_file(tmp_path, perturbations='["somebodys:OnlyA"]')
    refused = invoke("export", "queries", suite, "-o", tmp_path / "out")
    assert refused.code == 2
    assert "confirm it with --code" in refused.err
    assert not ran(mark)
    assert invoke("export", "queries", suite, "-o", tmp_path / "out", "--code").code == 0
    assert ran(mark)


def test_a_longer_name_that_was_typed_is_another() -> None:
    for typed in (
        "somebodys:OnlyA",
        "mine=somebodys:OnlyA(share=1)",
        "perturbation:somebodys:OnlyA",
        "int8('somebodys:OnlyA')",
    ):
        assert Confirmed([typed])("somebodys:OnlyA") is None
    for typed in ("theirs.somebodys:OnlyA", "mysomebodys:OnlyA", "somebodys:OnlyAll"):
        assert Confirmed([typed])("somebodys:OnlyA") is not None


def test_code_runs_if_it_is_typed_or_confirmed(tmp_path: Path, mark: Path, invoke) -> None:
    suite = suite_file(tmp_path, encoders=LETTERS)
    plain = ("run", suite, "--format", "csv", "--jobs", "1")
    typed = invoke(*plain, "--encoder", "somebodys:Letters", "-o", tmp_path / "typed")
    assert typed.code == 0, typed.err
    assert ran(mark)
    refused = invoke(*plain, "--encoder", "somebodys:Letters", "-o", tmp_path / "none", "--no-code")
    assert refused.code == 2
    assert "--no-code refuses it" in refused.err
    assert not ran(mark)
    confirmed = invoke(*plain, "-o", tmp_path / "confirmed", "--code")
    assert confirmed.code == 0, confirmed.err
    assert ran(mark)


def test_a_run_of_somebody_is_read_without_their_code(tmp_path: Path, mark: Path, invoke) -> None:
    run = tmp_path / "run"
    assert invoke("run", suite_file(tmp_path, encoders=LETTERS), "-o", run, "--jobs", "1", "--code").code == 0
    assert ran(mark)
    out = ("-o", tmp_path / "out")
    for words in (
        ("report", run),
        ("show", run),
        ("scores", run, "--format", "csv"),
        ("compare", run, run),
        ("export", "queries", run, *out),
    ):
        read = invoke(*words)
        assert read.code == 0, read.err
        assert not ran(mark), words
    refused = invoke("resume", run, "--jobs", "1")
    assert refused.code == 2
    assert "confirm it with --code" in refused.err
    assert not ran(mark)
    resumed = invoke("resume", run, "--jobs", "1", "--code")
    assert resumed.code == 0, resumed.err
    assert ran(mark)


def test_the_code_of_a_model_asks_too(tmp_path: Path, invoke) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text(json.dumps({"model_type": "theirs", "auto_map": {"AutoModel": "theirs.Model"}}))
    spec = f"transformer('{model}', trust_remote_code=True)"
    refused = invoke("plan", suite_file(tmp_path, encoders=f'["{spec}"]'))
    assert refused.code == 2
    assert "trust_remote_code=True is code, and was not run; read it, then confirm it with --code" in refused.err


def test_a_suite_is_described_without_its_code(tmp_path: Path, mark: Path, invoke) -> None:
    described = invoke("describe", suite_file(tmp_path, encoders=LETTERS))
    assert described.code == 0, described.err
    assert "code, which a run asks for" in described.out
    assert not ran(mark)
