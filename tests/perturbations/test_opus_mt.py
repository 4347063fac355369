"""Round trips through tiny Marian models with random weights, in the true format, without a network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from robustir.conditions import perturb
from robustir.errors import DataError, NotApplicableError, SpecError
from robustir.perturbations.opus_mt import OpusMT
from robustir.seeds import Stream, derive_key
from robustir.types import QuerySet

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
    assert OpusMT(pivot="en", models=models, tokens={"tr": ">>tur<<"}).languages == {"de", "tr"}
    assert OpusMT(models="/nowhere/{src}-{tgt}").languages == frozenset()
    with pytest.raises(NotApplicableError):
        perturb(QuerySet.from_texts(["wo"], lang="el"), OpusMT(models=models), severity=1.0)


def test_a_group_model_needs_its_token(models: str) -> None:
    with pytest.raises(DataError, match=r">>tur<<, >>aze<<.*tokens="):
        run(OpusMT(pivot="tr", models=models, max_length=12))
    assert run(OpusMT(pivot="tr", models=models, tokens={"tr": ">>tur<<"}, max_length=12)) != list(TEXTS)
    with pytest.raises(DataError, match="not '>>xyz<<'"):
        run(OpusMT(pivot="tr", models=models, tokens={"tr": ">>xyz<<"}, max_length=12))


def test_a_missing_model_is_an_error_with_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    noise = OpusMT(languages=("en",), revision="abc", models="Helsinki-NLP/opus-mt-none-{src}-{tgt}")
    wanted = r"hf download Helsinki-NLP/opus-mt-none-de-en --revision abc .*source\.spm"
    with pytest.raises(DataError, match=wanted):
        perturb(QuerySet.from_texts(["where"], lang="en"), noise, severity=1.0)
    with pytest.raises(DataError, match="hf download"):
        run(noise)


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
