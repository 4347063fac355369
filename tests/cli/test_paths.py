"""A path is a spec wherever one is asked for, and its files say what it is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models

from robustir.encoders.static_files import write_open, write_packed
from robustir.errors import SpecError, UnknownNameError
from robustir.kit.catalogue import SAMPLES, find
from robustir.plugins.registry import canonical, create
from tests.encoders.conftest import make_layout, static_layout, tiny_bert
from tests.tiny import write_beir

__all__ = ["make_layout", "static_layout", "tiny_bert"]


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A packed static encoder in the folder ``My_model`` of the working directory."""
    monkeypatch.chdir(tmp_path)
    alphabet = sorted(set("".join(SAMPLES.values())) | {chr(97 + place) for place in range(26)})
    letters = [("<unk>", 0.0), *((letter, -1.0) for letter in alphabet)]
    table = np.random.default_rng(0).standard_normal((len(letters), 8)).astype(np.float32)
    tokenizer = Tokenizer(models.Unigram(letters, unk_id=0)).to_str()
    write_packed(tmp_path / "My_model", table, tokenizer)
    write_open(tmp_path / "open", table, tokenizer)
    return tmp_path / "My_model"


def test_each_folder_has_the_reader_of_its_files(
    model: Path, tiny_bert: Path, static_layout: Path, make_layout
) -> None:
    assert canonical("encoder", "./My_model") == "static('./My_model')"
    assert canonical("encoder", str(model.parent / "open")) == f"static('{model.parent / 'open'}')"
    assert canonical("encoder", f"{tiny_bert}") == f"transformer('{tiny_bert}')"
    # A table with prompts, and a transformer in the layout of sentence-transformers.
    assert canonical("encoder", f"{static_layout}") == f"transformer('{static_layout}')"
    made = make_layout(tiny_bert, normalize=True)
    assert canonical("encoder", f"{made}") == f"transformer('{made}')"
    assert canonical("encoder", "org/model") == "transformer('org/model')"
    vectors = create("encoder", "./My_model").encode(["ab"], role="query")
    assert vectors.shape == (1, 8)


def test_model2vec(tmp_path: Path) -> None:
    folder = tmp_path / "potion"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "model2vec"}), encoding="utf-8")
    assert canonical("encoder", str(folder)) == f"static('{folder}')"


def test_commands_take_paths(model: Path, invoke) -> None:
    shown = json.loads(invoke("describe", "./My_model", "--json").out)
    assert (shown["kind"], shown["spec"]) == ("encoder", "static('./My_model')")
    checked = invoke("check", "./My_model")
    assert checked.code == 0, checked.err + checked.out
    Path("lines.txt").write_text("ab\ncd\n", encoding="utf-8")
    encoded = invoke("encode", "./My_model", "lines.txt", "-o", "out.npy")
    assert encoded.code == 0, encoded.err
    assert np.load("out.npy").shape == (2, 8)
    task = write_beir(Path("my-task"))
    run = invoke(
        *("run", "quickstart", "--benchmark", "./my-task", "--encoder", "./My_model", "--languages", "en"),
        *("--perturbation", "typos", "--severities", "0.5", "--draws", "1", "-j1", "--format", "csv", "-o", "run"),
    )
    assert run.code == 0, run.err
    assert find(f"./{task}") == ("benchmark", "./my-task")
    assert json.loads(invoke("describe", "./my-task", "--json").out)["spec"] == "beir('./my-task')"
    assert invoke("check", "./my-task").code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "My_model"),
        ("describe", "My_model"),
        ("check", "open"),
        ("describe", "open"),
        ("encode", "open", "-o", "x.npy"),
        ("encode", "My_model", "-o", "x.npy"),
        ("run", "quickstart", "--encoder", "My_model"),
        ("run", "quickstart", "--encoder", "open"),
        ("run", "quickstart", "--benchmark", "open"),
    ],
)
def test_a_bare_name_of_a_folder_is_hinted_at(model: Path, invoke, arguments: tuple[str, ...]) -> None:
    refused = invoke(*arguments)
    assert refused.code == 2
    assert "a folder of that name is here: to use it, write  ./" in refused.err


def test_what_a_path_is_not(model: Path) -> None:
    write_beir(Path("my-task"))
    with pytest.raises(SpecError, match="holds queries and passages, so it is a benchmark"):
        create("encoder", "./my-task")
    with pytest.raises(SpecError, match="is a path, but a perturbation is given"):
        create("perturbation", "./My_model")


def test_an_object_is_what_it_can_do() -> None:
    assert find("tests.tiny:Letters") == ("encoder", "tests.tiny:Letters")
    assert find("tests.tiny:OnlyA") == ("perturbation", "tests.tiny:OnlyA")
    with pytest.raises(UnknownNameError, match=r"'tests\.tiny:PASSAGES' is not known"):
        find("tests.tiny:PASSAGES")
