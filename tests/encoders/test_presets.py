from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robustir.encoders.transformers.transformer import TransformerEncoder
from robustir.errors import InputError, SpecError
from robustir.kit.catalogue import describe
from robustir.plugins.registry import create, registered

TEXTS = ["where is the nile?", "a", "the nile is a long river in africa."]
PRESETS = ["bge-m3", "distilmbert", "labse", "mbert", "multilingual-e5", "xlm-r"]


def encode(spec: str, role: Any = "query") -> Any:
    return create("encoder", spec).encode(TEXTS, role=role)


def test_mbert_takes_layer_7_and_xlmr_layer_13(tiny_bert: Path, tiny_xlmr: Path) -> None:
    for spec, layer in ((f"mbert(path={str(tiny_bert)!r})", 7), (f"xlm-r(path={str(tiny_xlmr)!r})", 13)):
        assert create("encoder", spec).layer == layer
        with pytest.raises(InputError, match=f"layer={layer}: .* has the layers 0"):
            encode(spec)
    np.testing.assert_array_equal(
        encode(f"mbert(path={str(tiny_bert)!r}, layer=2)"),
        TransformerEncoder(str(tiny_bert), "mean", 2, "", "").encode(TEXTS, role="query"),
    )
    np.testing.assert_array_equal(
        encode(f"xlm-r(path={str(tiny_xlmr)!r}, layer=1)"),
        TransformerEncoder(str(tiny_xlmr), "mean", 1, "", "").encode(TEXTS, role="query"),
    )


def test_distilmbert_takes_the_last_layer(tiny_distil: Path) -> None:
    expected = TransformerEncoder(str(tiny_distil), "mean").encode(TEXTS, role="query")
    np.testing.assert_array_equal(encode(f"distilmbert(path={str(tiny_distil)!r})"), expected)
    assert np.abs(encode(f"distilmbert(path={str(tiny_distil)!r}, layer=1)") - expected).max() > 1e-3


def test_e5_puts_prefixes_in_front(tiny_xlmr: Path) -> None:
    spec = f"multilingual-e5(path={str(tiny_xlmr)!r})"
    for role, prefix in (("query", "query: "), ("passage", "passage: ")):
        texts = [prefix + text for text in TEXTS]
        expected = TransformerEncoder(str(tiny_xlmr), "mean").encode(texts, role="query")
        np.testing.assert_array_equal(encode(spec, role), expected)
    with pytest.raises(SpecError, match="choose one of small, base, large"):
        create("encoder", "multilingual-e5('huge')")
    assert create("encoder", "multilingual-e5(size='small')").checkpoint.model == "intfloat/multilingual-e5-small"


def test_bge_m3_takes_the_first_token(tiny_xlmr: Path) -> None:
    expected = TransformerEncoder(str(tiny_xlmr), "cls").encode(TEXTS, role="query")
    np.testing.assert_array_equal(encode(f"bge-m3(path={str(tiny_xlmr)!r})"), expected)


def test_labse_reads_its_modules(tiny_bert: Path, make_layout: Any) -> None:
    folder = make_layout(
        tiny_bert, pooling={"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, dense=(16, 16),
        normalize=True, config={"max_seq_length": 256, "do_lower_case": False},
    )  # fmt: skip
    encoder = create("encoder", f"labse(path={str(folder)!r})")
    assert "pooling='transformer > cls > dense > normalize'" in encoder.revision
    assert "max_length=256" in encoder.revision
    np.testing.assert_array_equal(
        encoder.encode(TEXTS, role="query"), TransformerEncoder(str(folder)).encode(TEXTS, role="query")
    )


def test_labse_without_modules_uses_the_same_dense_layer(tiny_bert: Path, make_layout: Any) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(tiny_bert / "model.safetensors")
    folder = make_layout(tiny_bert, pooling={"pooling_mode_cls_token": True}, dense=(16, 16), normalize=True)
    save_file(
        {"linear.weight": weights["pooler.dense.weight"], "linear.bias": weights["pooler.dense.bias"]},
        folder / "2_Dense" / "model.safetensors",
    )
    np.testing.assert_allclose(
        encode(f"labse(path={str(tiny_bert)!r})"), encode(f"labse(path={str(folder)!r})"), atol=1e-6
    )


def test_a_pooler_that_is_used_must_be_there(tiny_bert: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    copy = tmp_path / "copy"
    shutil.copytree(tiny_bert, copy)
    weights = {name: each for name, each in load_file(copy / "model.safetensors").items() if "pooler" not in name}
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    assert encode(f"mbert(path={str(copy)!r}, layer=3)").shape == (3, 16)
    with pytest.raises(InputError, match="lacks 2 weights"):
        encode(f"labse(path={str(copy)!r})")


@pytest.mark.parametrize("name", ["mbert", "labse", "distilmbert"])
def test_another_architecture_is_refused(name: str, tiny_xlmr: Path) -> None:
    with pytest.raises(InputError, match=r"has the architecture xlm-roberta, not (distil)?bert"):
        encode(f"{name}(path={str(tiny_xlmr)!r})")


@pytest.mark.parametrize("name", PRESETS)
def test_describe_shows_what_is_fixed(name: str) -> None:
    row = describe(name)
    assert set(row["settings"]) == {"model", "commit", "pooling", "layer", "prefixes", "normalize", "max_length"}
    assert re.search(r"\b[0-9a-f]{40}\b", row["settings"]["commit"])
    assert row["source"].startswith("https://huggingface.co/")
    assert row["licence"] in {"MIT", "Apache-2.0"}


@pytest.mark.parametrize("name", PRESETS)
def test_the_commit_is_pinned_and_can_be_changed(name: str) -> None:
    encoder = create("encoder", name)
    assert re.fullmatch(r"[0-9a-f]{40}", encoder.checkpoint.revision)
    assert encoder.checkpoint.revision in describe(name)["settings"]["commit"]
    assert create("encoder", f"{name}(revision='main')").checkpoint.revision == "main"
    assert create("encoder", f"{name}(path='./somewhere')").checkpoint.revision is None


def test_every_preset_is_tested_here() -> None:
    targets = {
        name
        for name, entry in registered("encoder").items()
        if entry.target.startswith("robustir.encoders.transformers.presets")
    }
    assert targets == set(PRESETS)
