"""Our reading of the layout of sentence-transformers against the package itself, on models that it saved."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robustir.encoders.adapters import adapt
from robustir.encoders.transformers.transformer import TransformerEncoder
from robustir.training.config import TrainingConfig
from robustir.training.trainer import train
from tests.training.tiny_pairs import write_data

pytestmark = pytest.mark.comparison

TEXTS = [
    "where is the nile?",
    "a",
    "",
    "THE NILE is a long river in africa.",
    "который нил",
    "what is long . " * 12,
    "rivers and the rivers are long in africa",
    "who",
]


@pytest.fixture(scope="module")
def package() -> Any:
    return pytest.importorskip("sentence_transformers")


@pytest.fixture(scope="module")
def modules(package: Any) -> Any:
    try:
        return importlib.import_module("sentence_transformers.sentence_transformer.modules")
    except ModuleNotFoundError:  # before version 5.4
        return importlib.import_module("sentence_transformers.models")


def agree(model: Any, folder: Path, **prompts: Any) -> None:
    """Save a model with the package, and compare what it and we make of texts in both roles."""
    model.save(str(folder), create_model_card=False)
    ours = TransformerEncoder(str(folder), device="cpu", normalize=False)
    live: Any = adapt(model, normalize=False)
    for role, method in (("query", model.encode_query), ("passage", model.encode_document)):
        expected = method(TEXTS, convert_to_numpy=True, show_progress_bar=False)
        vectors = ours.encode(TEXTS, role=role)  # type: ignore[arg-type]
        assert vectors.shape == expected.shape
        np.testing.assert_allclose(vectors, expected, atol=2e-6, rtol=2e-6)
        np.testing.assert_allclose(live.encode(TEXTS, role=role), expected, atol=2e-6, rtol=2e-6)


def transformer(modules: Any, folder: Path, **options: Any) -> Any:
    return modules.Transformer(str(folder), **options)


@pytest.mark.parametrize("family", ["tiny_bert", "tiny_xlmr", "tiny_distil"])
@pytest.mark.parametrize("mode", ["mean", "cls", "max", "lasttoken", "weightedmean", "mean_sqrt_len_tokens"])
def test_poolings(package: Any, modules: Any, family: str, mode: str, request: Any, tmp_path: Path) -> None:
    body = transformer(modules, request.getfixturevalue(family), max_seq_length=14)
    model = package.SentenceTransformer(modules=[body, modules.Pooling(16, pooling_mode=mode)], device="cpu")
    agree(model, tmp_path / "model")


def test_labse_like(package: Any, modules: Any, tiny_bert: Path, tmp_path: Path) -> None:
    parts = [
        transformer(modules, tiny_bert, max_seq_length=20),
        modules.Pooling(16, pooling_mode="cls"),
        modules.Dense(16, 16),
        modules.Normalize(),
    ]
    agree(package.SentenceTransformer(modules=parts, device="cpu"), tmp_path / "model")


def test_many_modules_and_prompts(package: Any, modules: Any, tiny_bert: Path, tmp_path: Path) -> None:
    import torch

    parts = [
        transformer(modules, tiny_bert, do_lower_case=True),
        modules.Pooling(16, pooling_mode=("mean", "max"), include_prompt=False),
        modules.Dense(32, 8, bias=False, activation_function=torch.nn.GELU()),
        modules.Dropout(0.3),
        modules.LayerNorm(8),
        modules.Dense(8, 5, activation_function=torch.nn.Identity()),
    ]
    model = package.SentenceTransformer(
        modules=parts, device="cpu", prompts={"query": "where is the ", "document": "a long "}
    )
    agree(model, tmp_path / "model")


def test_static_embedding(package: Any, modules: Any, tiny_bert: Path, tmp_path: Path) -> None:
    from tokenizers import Tokenizer

    static = modules.StaticEmbedding(Tokenizer.from_file(str(tiny_bert / "tokenizer.json")), embedding_dim=7)
    agree(package.SentenceTransformer(modules=[static, modules.Normalize()], device="cpu"), tmp_path / "model")


def test_a_layout_written_by_hand_is_read_alike(package: Any, tiny_bert: Path, make_layout: Any) -> None:
    folder = make_layout(
        tiny_bert,
        pooling={"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True},
        dense=(32, 6),
        layer_norm=True,
        normalize=True,
        general={"prompts": {"query": "where ", "document": "the "}, "default_prompt_name": None},
    )
    model = package.SentenceTransformer(str(folder), device="cpu")
    encoder = TransformerEncoder(str(folder), device="cpu", normalize=False)
    np.testing.assert_allclose(encoder.encode(TEXTS, role="query"), model.encode_query(TEXTS), atol=2e-6)
    np.testing.assert_allclose(encoder.encode(TEXTS, role="passage"), model.encode_document(TEXTS), atol=2e-6)


def test_a_live_object_has_a_digest_of_its_weights(package: Any, modules: Any, tiny_bert: Path) -> None:
    def make(mode: str) -> Any:
        body = transformer(modules, tiny_bert)
        return adapt(package.SentenceTransformer(modules=[body, modules.Pooling(16, pooling_mode=mode)], device="cpu"))

    assert make("mean").cacheable
    assert make("mean").revision == make("mean").revision != make("cls").revision


@pytest.mark.parametrize("pooling", ["mean", "cls", "max"])
def test_what_we_trained_is_loaded_by_the_package(package: Any, tiny_bert: Path, tmp_path: Path, pooling: str) -> None:
    write_data(tmp_path / "data")
    model = {
        "kind": "transformer",
        "base": str(tiny_bert),
        "pooling": pooling,
        "query_prefix": "a river ? ",
        "max_length": 11,
    }
    told = {
        "name": "tiny",
        "sampling": "x-y",
        "sources": ["tatoeba"],
        "languages": ["en", "de"],
        "steps": 3,
        "batch": 8,
    }
    train(TrainingConfig.model_validate({**told, "model": model}), tmp_path / "data", tmp_path / "run")
    loaded = package.SentenceTransformer(str(tmp_path / "run"), device="cpu")
    assert [type(module).__name__ for module in loaded] == ["Transformer", "Pooling", "Normalize"]
    assert loaded.max_seq_length == 11
    ours = TransformerEncoder(str(tmp_path / "run"), device="cpu")
    for role, method in (("query", loaded.encode_query), ("passage", loaded.encode_document)):
        expected = method(TEXTS, convert_to_numpy=True, show_progress_bar=False)
        np.testing.assert_allclose(ours.encode(TEXTS, role=role), expected, atol=1e-5)  # type: ignore[arg-type]
    assert not np.allclose(ours.encode(TEXTS, role="query"), ours.encode(TEXTS, role="passage"), atol=1e-3)
