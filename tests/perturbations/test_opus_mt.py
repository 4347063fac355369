"""Round trips through tiny Marian models with random weights, in the true format, without a network."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from robustir.errors import DataError, MissingExtraError, NotApplicableError, SpecError
from robustir.noise.applying import perturb
from robustir.perturbations import opus_mt
from robustir.perturbations.mt import engines
from robustir.perturbations.mt.engines import CTranslate2, Transformers
from robustir.perturbations.opus_mt import OpusMT
from robustir.seeds import Stream, derive_key
from robustir.types import QuerySet
from tests.hub_server import hub_server
from tests.tiny_models import write_marian

pytest.importorskip("sentencepiece")
pytestmark = pytest.mark.slow  # beam search on models loaded several times over
TEXTS = ("where is the nile", "how long is the river", "", "what is a river in africa", "where is it", "the nile")
KEYS = [derive_key("t", number) for number in range(len(TEXTS))]


def save_model(folder: Path, seed: int, *, codes: tuple[str, ...] = (), **changes: Any) -> None:
    write_marian(folder, seed, [text for text in TEXTS if text] * 4, codes=codes, **changes)


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


@pytest.mark.parametrize(
    ("engine", "dtype", "beams"),
    [
        ("transformers", "float64", 0),
        ("transformers", "float64", 2),
        ("ctranslate2", "float32", 2),
        ("ctranslate2", "int8", 2),
        ("ctranslate2", "int16", 2),
    ],
)
def test_a_batch_equals_its_texts_one_by_one(models: str, engine: str, dtype: str, beams: int) -> None:
    pytest.importorskip(engine, reason="pip install 'robustir[mt]'")
    noise = OpusMT(models=models, beams=beams, max_length=12, engine=engine, dtype=dtype)
    together = run(noise)
    alone = [noise(text, lang="en", severity=1.0, rng=Stream(key)) for text, key in zip(TEXTS, KEYS, strict=True)]
    one = OpusMT(models=models, beams=beams, max_length=12, batch_size=1, engine=engine, dtype=dtype)
    assert together == alone == run(one)
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


@pytest.mark.parametrize("seed", range(5))
def test_both_engines_choose_the_same_tokens(tmp_path: Path, seed: int) -> None:
    pytest.importorskip("ctranslate2", reason="pip install 'robustir[mt]'")
    from transformers import MarianTokenizer

    save_model(tmp_path / "model", seed, static_position_embeddings=True, scale_embedding=True)
    tokenizer: Any = MarianTokenizer.from_pretrained(tmp_path / "model")
    vocabulary = tokenizer.get_vocab()
    slow = Transformers(tmp_path / "model", "cpu", "float64")
    fast = CTranslate2(tmp_path / "model", "float32", vocabulary)
    special = {0, vocabulary["<pad>"]}
    lengths = set()
    for text in filter(None, TEXTS):
        row = tokenizer(text)["input_ids"]
        for longest in (4, 20):
            (theirs,) = slow.generate([row], seed=None, beams=1, max_length=longest)
            (ours,) = fast.generate([row], seed=None, beams=1, max_length=longest)
            assert ours == [number for number in theirs if number not in special]
            lengths.add(len(ours))
    assert len(lengths) > 1


def test_the_engine_follows_from_the_arguments_alone(models: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def chosen(**asked: Any) -> tuple[str, str, int]:
        noise = OpusMT(models=models, **asked)
        return noise.engine, noise.dtype, noise.batch_size

    for installed in (True, False):
        monkeypatch.setattr(opus_mt, "has_ctranslate2", lambda installed=installed: installed)
        assert chosen() == chosen(dtype="float64") == chosen(engine="transformers") == ("transformers", "float64", 32)
        assert chosen(beams=0, device="cuda", dtype="float32") == ("transformers", "float32", 32)
    named: list[dict[str, Any]] = [{"engine": "ctranslate2"}, {"dtype": "int8"}]
    for asked in named:
        with pytest.raises(MissingExtraError, match=r"pip install 'robustir\[mt\]'"):
            OpusMT(models=models, **asked)
    monkeypatch.setattr(opus_mt, "has_ctranslate2", lambda: True)
    assert chosen(dtype="int8") == ("ctranslate2", "int8", 32)
    assert chosen(dtype="int16", batch_size=8) == ("ctranslate2", "int16", 8)
    assert chosen(engine="ctranslate2") == ("ctranslate2", "float32", 1)  # sums of a larger batch end otherwise


def test_the_engine_and_its_numbers_enter_the_version(models: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opus_mt, "has_ctranslate2", lambda: True)
    monkeypatch.setattr(engines, "version", {"ctranslate2": "4.8.5", "transformers": "4.57.6"}.__getitem__)
    ways: list[dict[str, Any]] = [{"engine": "ctranslate2"}, {"dtype": "int8"}, {}]
    versions = [OpusMT(models=models, **asked).version for asked in ways]
    (digests,) = {version.partition(" de-en=")[2] for version in versions}
    starts = ["1 ctranslate2=4.8 dtype=float32", "1 ctranslate2=4.8 dtype=int8", "1 transformers=4"]
    assert versions == [f"{start} de-en={digests}" for start in starts]


@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_a_model_is_converted_once_for_all_kinds_of_numbers(
    models: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, dtype: str
) -> None:
    pytest.importorskip("ctranslate2", reason="pip install 'robustir[mt]'")
    monkeypatch.setenv("ROBUSTIR_CACHE", str(tmp_path))
    first = run(OpusMT(models=models, max_length=12, engine="ctranslate2"))
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "translators").rglob("model.bin")}
    assert len(made) == 2
    coarse = OpusMT(models=models, max_length=12, dtype=dtype)
    assert run(coarse) == run(coarse) != list(TEXTS)
    assert {path: path.stat().st_mtime_ns for path in made} == made
    for path in made:
        path.write_bytes(path.read_bytes()[:-1])
    assert run(OpusMT(models=models, max_length=12, engine="ctranslate2")) == first
    assert all(path.stat().st_mtime_ns > before for path, before in made.items())
    assert len(list((tmp_path / "translators").iterdir())) == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"share_encoder_decoder_embeddings": False, "decoder_vocab_size": 25}, "vocabularies of their own"),
        ({"activation_function": "relu6"}, "cannot convert .*relu6"),
    ],
)
def test_a_model_that_cannot_be_converted_is_one_message(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    pytest.importorskip("ctranslate2", reason="pip install 'robustir[mt]'")
    for seed, pair in enumerate(("en-de", "de-en")):
        save_model(tmp_path / pair, seed, **changes)
    spec = f"opus-mt(models={str(tmp_path / '{src}-{tgt}')!r}, engine='ctranslate2')"
    refused = robustir("perturb", spec, "--lang", "en", "--severity", "1", text="where is it")
    assert refused.returncode == 2
    (line,) = [line for line in refused.stderr.splitlines() if line]
    assert re.search(f"{message}.*write engine='transformers'", line)


def test_a_model_of_another_kind_is_refused(models: str, tmp_path: Path) -> None:
    pytest.importorskip("ctranslate2", reason="pip install 'robustir[mt]'")
    for pair in ("en-de", "de-en"):
        shutil.copytree(models.format(src="en", tgt="de"), tmp_path / pair)
    config = tmp_path / "en-de" / "config.json"
    noise = OpusMT(models=str(tmp_path / "{src}-{tgt}"), engine="ctranslate2")
    for content, message in (
        ('{"model_type": "t5"}', "type 't5'.*Marian"),
        ("[]", "expected an object"),
        ("{", "malformed JSON"),
    ):
        config.write_text(content, encoding="utf-8")
        with pytest.raises(DataError, match=message):
            run(noise)


def test_the_weights_enter_the_version(models: str, tmp_path: Path) -> None:
    for seed, pair in ((0, "en-de"), (5, "de-en")):
        save_model(tmp_path / pair, seed)
    same, other = OpusMT(models=models), OpusMT(models=str(tmp_path / "{src}-{tgt}"))
    assert same.version == OpusMT(models=models).version != other.version


@pytest.mark.parametrize(
    "wrong",
    [
        {"rounds": 0},
        {"pivot": ()},
        {"models": "x"},
        {"dtype": "float16"},
        {"languages": ("de",)},
        {"beams": -1},
        {"batch_size": 0},
        {"engine": "marian"},
        {"engine": "transformers", "dtype": "int8"},
        {"engine": "ctranslate2", "dtype": "float64"},
        {"engine": "ctranslate2", "beams": 0},
        {"engine": "ctranslate2", "device": "cuda"},
        {"dtype": "int8", "beams": 0},
    ],
)
def test_wrong_arguments_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match="opus-mt"):
        OpusMT(**wrong)
