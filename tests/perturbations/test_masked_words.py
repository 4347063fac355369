"""Guesses of a masked language model, against a plain forward pass of the same tiny BERT and by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BertForMaskedLM

from robustir.disk import hub
from robustir.encoders.hashing import HashingEncoder
from robustir.errors import DataError, InputError, SpecError
from robustir.perturbations.attacks.adversarial import Adversarial
from robustir.perturbations.attacks.masked_words import MaskedWords
from robustir.perturbations.attacks.swaps import prepare
from robustir.plugins.registry import create
from robustir.seeds import derive_key, derive_keys
from robustir.types import Task
from tests.tiny_models import SPECIAL, bert_tokenizer, write_bert

WORDS = ["the", "river", "castle", "##ing", "mountain", "1949", "река", "stone", ",", "bridge", "Stone", "[unused1]"]
LETTERS = "abcdefghijklmnopqrstuvwxyz"
VOCABULARY = [*SPECIAL, *WORDS, *LETTERS, "?", *(f"##{letter}" for letter in LETTERS)]


def write_model(folder: Path, *, head: bool = True, favour: bool = False) -> Path:
    """Write a tiny BERT in the format of the hub; ``favour``: its guesses are the vocabulary's words in their order."""
    tokenizer = bert_tokenizer(VOCABULARY[len(SPECIAL) :], lower=False)
    kind = "BertForMaskedLM" if head else "BertModel"
    model = write_bert(folder, tokenizer, kind=kind, seed=7, layers=2, positions=32)
    if favour:
        with torch.no_grad():
            bias: Any = model.cls.predictions.bias
            bias[5 : 5 + len(WORDS)] = torch.arange(len(WORDS), 0, -1) * 1000.0
        model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("mlm") / "bert")


def test_whole_words_of_the_script_in_the_order_of_the_model(tmp_path: Path) -> None:
    words = MaskedWords(str(write_model(tmp_path / "bert", favour=True)))
    text = "the Bridge, 1949"
    (found,) = words.substitutes([text], [[(4, 10)]], "en")
    # no piece within a word, number, punctuation, special token or other script, nor the word; in the word's case
    assert found[0][:5] == ("The", "River", "Castle", "Mountain", "Stone")
    assert not {"Bridge", "bridge", "Ing", "1949", "Река"} & set(found[0])
    (russian,) = words.substitutes(["мост"], [[(0, 4)]], "ru")
    assert russian == [("река",)]


def test_guesses_are_those_of_a_plain_forward_pass(folder: Path) -> None:
    text = "the river bridge"
    guesses = MaskedWords(str(folder)).substitutes([text], [[(4, 9), (10, 16)]], "en")[0]
    model: Any = BertForMaskedLM.from_pretrained(folder).eval()
    number = {word: place for place, word in enumerate(VOCABULARY)}
    for place, word in ((2, "river"), (3, "bridge")):
        ids = [number[piece] for piece in ("[CLS]", "the", "river", "bridge", "[SEP]")]
        ids[place] = number["[MASK]"]
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([ids])).logits[0, place]
        order = [VOCABULARY[n] for n in logits.topk(64).indices.tolist()]
        expected = [each for each in order if each.isascii() and each.isalpha() and each != word]
        assert list(guesses[place - 2]) == expected


def test_one_text_does_not_depend_on_the_others(folder: Path) -> None:
    texts = ["the river bridge", "a castle on the mountain by the river", "stone"]
    spans = [[(4, 9), (10, 16)], [(2, 8)], [(0, 5)]]
    together = MaskedWords(str(folder)).substitutes(texts, spans, "en")
    for text, places, found in zip(texts, spans, together, strict=True):
        assert MaskedWords(str(folder)).substitutes([text], [places], "en") == [found]


def test_a_word_behind_the_longest_text_has_no_guess(folder: Path) -> None:
    text = "river " * 60 + "bridge"
    assert MaskedWords(str(folder)).substitutes([text], [[(360, 366)]], "en") == [[()]]


def test_as_swaps_of_an_attack(folder: Path) -> None:
    task: Task = create("benchmark", "mini").load(None, ["en", "ru"])
    queries = task.queries.select(range(0, len(task.queries), 30))
    keys = derive_keys(("test",), queries.langs, queries.ids, 0)
    attack = Adversarial(swaps=("mlm",), mlm=str(folder))
    outcome = attack.attack(queries, task, HashingEncoder(), severity=0.4, keys=keys)
    assert outcome.edits.sum() > 0
    assert (outcome.margin_after <= outcome.margin_before).all()
    assert attack.version == f"{Adversarial.version} mlm={MaskedWords(str(folder)).identity}"
    words = MaskedWords(str(folder))
    (made,) = prepare(["the old bridge"], "en", [derive_key("x")], swaps=("mlm",), candidates=3, model=words)
    expected = words.substitutes(["the old bridge"], [[(4, 7), (8, 14)]], "en")[0]
    assert [word.candidates for word in made.open] == [guesses[:3] for guesses in expected]


def test_other_weights_are_another_attack(folder: Path, tmp_path: Path) -> None:
    other = write_model(tmp_path / "other", favour=True)
    versions = {Adversarial(swaps=("mlm",), mlm=str(path)).version for path in (folder, other)}
    assert len(versions) == 2


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "hub_unreachable", lambda: "HF_HUB_OFFLINE is set")
    with pytest.raises(SpecError, match="together with its model"):
        Adversarial(swaps=("mlm",))
    with pytest.raises(SpecError, match="together with its model"):
        Adversarial(mlm="some/model")
    with pytest.raises(InputError, match="'no/such-model' is neither a folder here nor a model that can be downloaded"):
        Adversarial(swaps=("mlm",), mlm="no/such-model", revision="abc")
    with pytest.raises(DataError, match=r"the model folder .* has no config\.json"):
        Adversarial(swaps=("mlm",), mlm=str(tmp_path))
    headless = MaskedWords(str(write_model(tmp_path / "headless", head=False)))
    with pytest.raises(DataError, match="so it is not a masked language model"):
        headless.substitutes(["river"], [[(0, 5)]], "en")
