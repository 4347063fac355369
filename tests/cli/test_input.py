"""What the command line reads, however it is broken: one message, exit code 2; and how it is read in parts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from robustir.cli import encode, perturb
from robustir.errors import SpecError
from robustir.plugins.specs import parse
from tests.tiny import write_beir

DEEP = "[" * 100_000 + "]" * 100_000


def refused(invoke, *arguments: object) -> str:
    result = invoke(*arguments)
    assert result.code == 2, result.err
    assert "Traceback" not in result.err
    assert len(result.err) < 1000
    assert result.err.count("robustir:") == 1
    return result.err


def test_encode_and_perturb_refuse_what_is_not_utf8(tmp_path: Path, invoke) -> None:
    texts = tmp_path / "texts"
    texts.write_bytes(b"one\ntw\xf6\n")
    out = tmp_path / "out.npy"
    for command in (("encode", "hashing", "-o", out), ("perturb", "typos", "-l", "en", "-s", "0.3")):
        assert f"{texts}: byte 6 is not UTF-8" in refused(invoke, *command, texts)
    assert not out.exists()
    texts.write_bytes(b"")
    assert "the input is empty" in refused(invoke, "encode", "hashing", "-o", out, texts)
    assert invoke("perturb", "typos", "-l", "en", "-s", "0.3", texts).out == ""


def test_deep_json_and_toml_are_one_message(tmp_path: Path, invoke) -> None:
    lines = tmp_path / "lines.jsonl"
    lines.write_text(f'{{"text": "a"}}\n{{"text": {DEEP}}}\n', encoding="utf-8")
    assert f"{lines}:2: not a JSON object" in refused(
        invoke, "perturb", "typos", "-l", "en", "-s", "0.3", "--jsonl", lines
    )
    run = tmp_path / "run"
    run.mkdir()
    (run / "manifest.json").write_text(DEEP, encoding="utf-8")
    for command in (("show",), ("report",), ("resume",), ("scores", "--format", "csv")):
        assert "nested too deeply" in refused(invoke, *command, run)
    task = write_beir(tmp_path / "task")
    (task / "queries.jsonl").write_text(f'{{"_id": "q1", "text": "a", "more": {DEEP}}}\n', encoding="utf-8")
    plan = ("plan", "quickstart", "--benchmark", task, "--encoder", "hashing")
    said = refused(invoke, *plan)
    assert "queries.jsonl:1: " in said
    assert "nested too deeply" in said
    toml = tmp_path / "suite.toml"
    toml.write_text(f"name = {DEEP}\n", encoding="utf-8")
    assert "nested too deeply" in refused(invoke, "plan", toml)
    assert "nested too deeply" in refused(invoke, "train", toml, "-o", tmp_path / "encoder")
    noise = tmp_path / "noise.jsonl"
    noise.write_text(f'{{"_id": "0", "lang": "en", "text": {DEEP}}}\n', encoding="utf-8")
    texts = tmp_path / "texts"
    texts.write_text("a\n", encoding="utf-8")
    assert "noise.jsonl:1" in refused(invoke, "perturb", f"recorded(file='{noise}')", "-l", "en", "-s", "1", texts)


@pytest.mark.parametrize("text", ["a(" * 9000 + ")" * 9000, f"a({DEEP[:15_000]})", "a('" + "x" * 30_000 + "')"])
def test_a_spec_that_nobody_wrote_is_refused_at_once(text: str) -> None:
    with pytest.raises(SpecError, match="a spec holds at most") as refusal:
        parse(text)
    assert len(str(refusal.value)) < 300


def test_long_files_are_read_in_parts_with_the_same_result(
    tmp_path: Path, invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = tmp_path / "texts"
    texts.write_text("".join(f"where does river {number} flow\n" for number in range(50)), encoding="utf-8")
    rows = "".join(json.dumps({"_id": f"q{n}", "text": f"where is {n}", "lang": "en"}) + "\n" for n in range(50))
    (tmp_path / "rows").write_text(rows, encoding="utf-8")
    commands = (
        ("perturb", "typos", "-l", "en", "-s", "0.5", texts),
        ("perturb", "code-switch(into='de')", "-s", "0.5", "--jsonl", tmp_path / "rows"),
    )
    whole = [invoke(*command) for command in commands]
    assert {result.code for result in whole} == {0}, whole
    assert json.loads(whole[1].out.splitlines()[0]).keys() >= {"code_mixing_index", "word_edit_rate"}
    encoded = ("encode", "hashing", "--lang", "en")
    assert invoke(*encoded, "-o", tmp_path / "whole.npy", texts).code == 0
    monkeypatch.setattr(perturb, "_PART", 7)
    monkeypatch.setattr(encode, "_PART", 7)
    assert [invoke(*command).out for command in commands] == [result.out for result in whole]
    assert invoke(*encoded, "-o", tmp_path / "parts.npy", texts).code == 0
    assert np.array_equal(np.load(tmp_path / "whole.npy"), np.load(tmp_path / "parts.npy"))
