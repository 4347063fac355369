"""Round trips through tiny Marian models with random weights, in the true format, without a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from robustir.errors import DataError, NotApplicableError, SpecError
from robustir.noise.applying import perturb
from robustir.perturbations.opus_mt import OpusMT
from robustir.seeds import Stream, derive_key
from robustir.types import QuerySet
from tests.hub_server import hub_server

pytest.importorskip("sentencepiece")
pytestmark = pytest.mark.slow  # beam search on models loaded several times over
TEXTS = ("where is the nile", "how long is the river", "", "what is a river in africa", "where is it", "the nile")
KEYS = [derive_key("t", number) for number in range(len(TEXTS))]


def save_model(folder: Path, seed: int, *, codes: tuple[str, ...] = ()) -> None:
    import sentencepiece
    import torch
    from transformers import MarianConfig, MarianMTModel

    folder.mkdir(parents=True)
    lines = [text for text in TEXTS if text] * 4
    for side in ("source", "target"):
        sentencepiece.SentencePieceTrainer.train(  # type: ignore[attr-defined, unused-ignore]  # stubs differ by release
            sentence_iterator=iter(lines), model_prefix=str(folder / side), vocab_size=25, minloglevel=2
        )
        (folder / f"{side}.model").rename(folder / f"{side}.spm")
        (folder / f"{side}.vocab").unlink()
    processor: Any = sentencepiece.SentencePieceProcessor(model_file=str(folder / "source.spm"))
    pieces = [processor.id_to_piece(number) for number in range(3, processor.get_piece_size())]
    vocabulary = {piece: number for number, piece in enumerate(["</s>", "<unk>", *pieces, *codes, "<pad>"])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    pad = vocabulary["<pad>"]
    torch.manual_seed(seed)
    config = MarianConfig(
        vocab_size=len(vocabulary),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_position_embeddings=64,
        init_std=1.0,
        pad_token_id=pad,
        eos_token_id=0,
        decoder_start_token_id=pad,
        forced_eos_token_id=0,
        bos_token_id=None,
    )
    model: Any = MarianMTModel(config)
    model.generation_config.bad_words_ids = [[pad]]
    model.save_pretrained(folder)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("marian")
    for seed, pair in enumerate(("en-de", "de-en", "en-fr", "fr-en")):
        save_model(folder / pair, seed)
    save_model(folder / "en-tr", 9, codes=(">>tur<<", ">>aze<<"))
    save_model(folder / "tr-en", 10)
    return str(folder / "{src}-{tgt}")


def run(noise: OpusMT, severity: float = 1.0) -> list[str]:
    return noise.apply_batch(TEXTS, langs=["en"] * len(TEXTS), severity=severity, keys=KEYS)


@pytest.mark.parametrize("beams", [0, 2])
def test_a_batch_equals_its_texts_one_by_one(models: str, beams: int) -> None:
    noise = OpusMT(models=models, beams=beams, max_length=12)
    together = run(noise)
    alone = [noise(text, lang="en", severity=1.0, rng=Stream(key)) for text, key in zip(TEXTS, KEYS, strict=True)]
    assert together == alone == run(OpusMT(models=models, beams=beams, max_length=12, batch_size=1))
    assert together[2] == ""
    assert (
        sum(a != b for a, b in zip(together, TEXTS, strict=True)) >= 3
    )  # of five; a sample may be empty, and then the text stays
    assert run(noise, 0.0) == list(TEXTS)


def test_sampling_depends_on_the_key_and_leaves_the_global_generator(models: str) -> None:
    import torch

    noise = OpusMT(models=models, beams=0, max_length=12)
    before = torch.random.get_rng_state()
    first = noise.apply_batch(TEXTS[:1] * 6, langs=["en"] * 6, severity=1.0, keys=KEYS)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert len(set(first)) > 1


def test_the_ladder_is_pivots_then_rounds(models: str) -> None:
    noise = OpusMT(pivot=("de", "fr"), rounds=2, models=models, max_length=12)
    assert noise.ladder == (("de", 1), ("de", 2), ("fr", 1), ("fr", 2))
    assert run(noise, 0.2) == run(noise, 0.25) == run(OpusMT("de", models=models, max_length=12))
    assert run(noise, 0.5) == run(OpusMT("de", 2, models=models, max_length=12))
    assert run(noise, 0.75) == run(OpusMT("fr", models=models, max_length=12))


def test_languages_are_those_with_models(models: str) -> None:
    assert OpusMT(models=models).languages == {"en"}
    assert OpusMT(pivot="en", models=models).languages == {"de", "tr"}
    assert OpusMT(models="/nowhere/{src}-{tgt}").languages == frozenset()
    with pytest.raises(NotApplicableError):
        perturb(QuerySet.from_texts(["wo"], lang="el"), OpusMT(models=models), severity=1.0)


def test_languages_of_published_models_are_served_where_downloads_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HUB_OFFLINE", "ROBUSTIR_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    # el-de and de-zh are not among the models of the hub's Helsinki-NLP, nor is any de-ru.
    assert OpusMT("de").languages == {"ar", "en", "es", "vi"}
    assert OpusMT("en").languages == {"ar", "de", "es", "hi", "ru", "vi", "zh"}
    assert OpusMT(("de", "es")).languages == {"ar", "en", "vi"}
    assert OpusMT(models="me/{src}-{tgt}").languages == frozenset()
    monkeypatch.setenv("ROBUSTIR_OFFLINE", "1")
    assert OpusMT("de").languages == OpusMT("de").at_hand


def test_a_group_model_gets_a_token(models: str) -> None:
    by_default = run(OpusMT(pivot="tr", models=models, max_length=12))
    assert by_default == run(OpusMT(pivot="tr", models=models, tokens={"tr": ">>tur<<"}, max_length=12)) != list(TEXTS)
    assert by_default != run(OpusMT(pivot="tr", models=models, tokens={"tr": ">>aze<<"}, max_length=12))
    with pytest.raises(DataError, match=r">>tur<<, >>aze<<, not '>>xyz<<'.*tokens="):
        run(OpusMT(pivot="tr", models=models, tokens={"tr": ">>xyz<<"}, max_length=12))
    with pytest.raises(DataError, match="one of none, not '>>deu<<'"):
        run(OpusMT(models=models, tokens={"de": ">>deu<<"}, max_length=12))


def robustir(*arguments: str, text: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "robustir", *arguments],
        input=text,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=300,
        check=False,
    )


def test_models_of_the_hub_are_downloaded_when_needed(models: str, tmp_path: Path) -> None:
    spec = "opus-mt(languages=('en',), max_length=12)"
    command = ("perturb", spec, "--lang", "en", "--severity", "1")
    with hub_server() as hub:
        online = {"HF_HOME": str(tmp_path / "cache"), "HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0"}
        refused = robustir(*command, text="where is it", **online)
        for src, tgt in (("en", "de"), ("de", "en")):
            hub.models[f"Helsinki-NLP/opus-mt-{src}-{tgt}"] = Path(models.format(src=src, tgt=tgt))
        made = robustir(*command, text="where is it", **online)
        downloaded = {name.partition("/")[2] for name in hub.asked}
    (expected,) = perturb(
        QuerySet.from_texts(["where is it"], lang="en"), OpusMT(models=models, max_length=12), severity=1.0
    ).texts
    assert refused.returncode == 2
    assert "'Helsinki-NLP/opus-mt-" in refused.stderr
    assert (made.returncode, made.stdout) == (0, f"{expected}\n")
    assert {f"opus-mt-de-en/{name}" for name in ("config.json", "source.spm", "model.safetensors")} <= downloaded
    offline = robustir(*command, text="where is it", **online | {"HF_HUB_OFFLINE": "1"})  # the hub is gone
    assert (offline.returncode, offline.stdout) == (0, made.stdout)
    empty = robustir(*command, text="where is it", HF_HOME=str(tmp_path / "empty"), HF_HUB_OFFLINE="1")
    assert empty.returncode == 2
    assert "HF_HUB_OFFLINE is set" in empty.stderr
    assert "Traceback" not in empty.stderr + refused.stderr


def test_a_revision_for_each_pair() -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    noise = OpusMT(languages=("en",), revision={"en-de": commit, "de-en": "main"})
    assert [noise._marian(*pair).revision for pair in (("en", "de"), ("de", "en"))] == [commit, "main"]
    assert OpusMT(revision="v1")._marian("en", "de").revision == "v1"


def test_the_weights_enter_the_version(models: str, tmp_path: Path) -> None:
    for seed, pair in ((0, "en-de"), (5, "de-en")):
        save_model(tmp_path / pair, seed)
    same, other = OpusMT(models=models), OpusMT(models=str(tmp_path / "{src}-{tgt}"))
    assert same.version == OpusMT(models=models).version != other.version


@pytest.mark.parametrize(
    "wrong", [{"rounds": 0}, {"pivot": ()}, {"models": "x"}, {"dtype": "int8"}, {"languages": ("de",)}, {"beams": -1}]
)
def test_wrong_arguments_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match="opus-mt"):
        OpusMT(**wrong)
