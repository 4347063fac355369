from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from robustir.encoders.adapters import AdaptedEncoder, adapt, check_vectors
from robustir.encoders.bm25 import BM25
from robustir.encoders.hashing import HashingEncoder
from robustir.encoders.transformers.transformer import TransformerEncoder
from robustir.errors import EncoderError, SpecError
from robustir.vectors.store import EmbeddingStore


def lengths(texts: Sequence[str], offset: float = 0.0) -> NDArray[np.float64]:
    """A vector per text that a reader can check: its length and a constant."""
    return np.array([[len(text) + offset, 1.0] for text in texts])


def unit(values: list[list[float]]) -> NDArray[np.float64]:
    return np.array([np.array(row) / np.sqrt(sum(value * value for value in row)) for row in values])


class FakeSentenceTransformer:
    similarity_fn_name = "cosine"

    def encode(
        self, sentences: list[str], *, batch_size: int = 32, show_progress_bar: bool | None = None, **kwargs: Any
    ) -> NDArray[np.float64]:
        assert show_progress_bar is False
        assert not kwargs
        return lengths(sentences)


class FakeSentenceTransformer5(FakeSentenceTransformer):
    similarity_fn_name = "dot"

    def encode_query(self, sentences: list[str], **kwargs: Any) -> NDArray[np.float64]:
        return lengths(sentences, 100)

    def encode_document(self, sentences: list[str], **kwargs: Any) -> list[NDArray[np.float64]]:
        return list(lengths(sentences, 200))


class FakeBeir:
    def encode_queries(self, queries: list[str], batch_size: int = 16, **kwargs: Any) -> NDArray[np.float64]:
        return lengths(queries)

    def encode_corpus(self, corpus: list[dict[str, str]], batch_size: int = 8, **kwargs: Any) -> NDArray[np.float64]:
        return lengths([(entry["title"] + " " + entry["text"]).strip() for entry in corpus], 10)


class FakeMteb1:
    def encode(
        self, sentences: list[str], task_name: str, prompt_type: Any = None, **kwargs: Any
    ) -> NDArray[np.float64]:
        assert task_name
        return lengths(sentences, 1 if prompt_type == "query" else 2)


class FakeMteb2:
    class mteb_model_meta:  # noqa: N801 - mteb's name
        name = "org/fake"
        similarity_fn_name = "dot"

    def encode(
        self, inputs: Any, *, task_metadata: Any, hf_split: str, hf_subset: str, prompt_type: Any = None, **kwargs: Any
    ) -> NDArray[np.float64]:
        texts = [text for batch in inputs for text in batch["text"]]
        return lengths(texts, 1 if prompt_type.value == "query" else 2)


def encode(model: Any, texts: list[str], role: Any) -> NDArray[np.float32]:
    adapted: Any = adapt(model)
    vectors: NDArray[np.float32] = adapted.encode(texts, role=role, langs=["en"] * len(texts))
    assert vectors.dtype == np.float32
    return vectors


def test_objects_that_conform_pass_through(tmp_path: Any) -> None:
    for model in (HashingEncoder(), BM25(), TransformerEncoder("any/model"), adapt(FakeBeir())):
        assert adapt(model) is model


def test_conforming_does_not_evaluate_the_revision() -> None:
    # The folder does not exist: asking for its digest would raise.
    model = TransformerEncoder("./nowhere")
    assert adapt(model) is model


def test_sentence_transformers_encode_is_normalised() -> None:
    np.testing.assert_allclose(
        encode(FakeSentenceTransformer(), ["abc", "a"], "query"), unit([[3, 1], [1, 1]]), atol=1e-7
    )


def test_sentence_transformers_5_roles_and_inner_product() -> None:
    model = FakeSentenceTransformer5()
    assert encode(model, ["abc"], "query").tolist() == [[103.0, 1.0]]
    assert encode(model, ["abc"], "passage").tolist() == [[203.0, 1.0]]
    forced: Any = adapt(model, normalize=True)
    np.testing.assert_allclose(forced.encode(["abc"], role="query"), unit([[103, 1]]), atol=1e-7)


def test_beir_roles() -> None:
    np.testing.assert_allclose(encode(FakeBeir(), ["abc"], "query"), unit([[3, 1]]), atol=1e-7)
    np.testing.assert_allclose(encode(FakeBeir(), ["abc"], "passage"), unit([[13, 1]]), atol=1e-7)


def test_mteb_protocols() -> None:
    np.testing.assert_allclose(encode(FakeMteb1(), ["abc"], "query"), unit([[4, 1]]), atol=1e-7)
    np.testing.assert_allclose(encode(FakeMteb1(), ["abc"], "passage"), unit([[5, 1]]), atol=1e-7)
    assert encode(FakeMteb2(), ["abc"], "query").tolist() == [[4.0, 1.0]]
    assert encode(FakeMteb2(), ["abc"], "passage").tolist() == [[5.0, 1.0]]
    assert adapt(FakeMteb2()).name == "org/fake"


def test_torch_tensors_are_taken() -> None:
    import torch

    class Tensors:
        def encode(self, texts: list[str]) -> Any:
            return torch.tensor(lengths(texts), dtype=torch.bfloat16, requires_grad=True)

    np.testing.assert_allclose(encode(Tensors(), ["abc"], "query"), unit([[3, 1]]), atol=1e-7)


def test_a_name_can_be_given() -> None:
    assert adapt(FakeBeir()).name == "FakeBeir"
    assert adapt(FakeBeir(), name="mine").name == "mine"


def test_what_is_no_encoder_is_refused() -> None:
    with pytest.raises(SpecError, match="pass an instance"):
        adapt(FakeBeir)
    with pytest.raises(SpecError, match="a dict is no encoder"):
        adapt({})


def test_a_failing_model_is_named() -> None:
    class Broken:
        def encode(self, texts: list[str]) -> Any:
            raise RuntimeError("no more tokens")

    with pytest.raises(EncoderError, match="Broken failed on 1 texts: RuntimeError: no more tokens"):
        encode(Broken(), ["a"], "query")

    class Ragged:
        def encode(self, texts: list[str]) -> Any:
            return [np.ones(2), np.ones(3)]

    with pytest.raises(EncoderError, match="Ragged failed"):
        encode(Ragged(), ["a", "b"], "query")

    class Short:
        def encode(self, texts: list[str]) -> Any:
            return np.ones((1, 2))

    with pytest.raises(EncoderError, match=r"Short returned shape \[1, 2\] for 2 texts"):
        encode(Short(), ["a", "b"], "query")


def module_model() -> Any:
    import torch

    class Model:
        def __init__(self) -> None:
            torch.manual_seed(0)
            self.network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Dropout(0.1))
            self.prefix = "query: "

        def encode(self, texts: list[str]) -> Any:
            return self.network(torch.tensor(lengths([self.prefix + text for text in texts]), dtype=torch.float32))

    return Model()


def test_weights_and_settings_identify_a_live_model() -> None:
    import torch

    model = module_model()
    base: Any = adapt(model)
    assert isinstance(base, AdaptedEncoder)
    assert base.cacheable
    assert adapt(copy.deepcopy(model)).revision == base.revision
    other = copy.deepcopy(model)
    other.prefix = "passage: "
    assert adapt(other).revision != base.revision
    trained = copy.deepcopy(model)
    with torch.no_grad():
        trained.network[0].bias[0] += 1e-3
    assert adapt(trained).revision != base.revision
    half = copy.deepcopy(model)
    half.network.to(torch.bfloat16)
    assert adapt(half).revision != base.revision
    assert adapt(model, normalize=False).revision != base.revision


def test_a_model_that_is_a_module_is_digested() -> None:
    import torch

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(2, 2)

        def encode(self, texts: list[str]) -> Any:
            return self.layer(torch.tensor(lengths(texts), dtype=torch.float32))

    adapted: Any = adapt(Model())
    assert adapted.cacheable
    assert adapted.encode(["a"], role="query").shape == (1, 2)


def test_without_weights_nothing_is_kept(tmp_path: Any) -> None:
    model = FakeBeir()
    one: Any = adapt(model)
    two: Any = adapt(model)
    assert not one.cacheable
    assert one.revision == one.revision != two.revision
    store = EmbeddingStore(tmp_path)
    assert store.encode_unit(one, ["a", "b"], role="query")[1:] == (2, 0)
    assert store.encode_unit(one, ["a", "b"], role="query")[1:] == (2, 0)
    assert store.info()["entries"] == 0


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        ([[1.0]], "returned list instead of a NumPy array"),
        (np.ones(2, np.float32), r"shape \[2\] for 2 texts"),
        (np.ones((3, 2), np.float32), r"shape \[3, 2\] for 2 texts"),
        (np.ones((2, 0), np.float32), r"shape \[2, 0\] for 2 texts"),
        (np.ones((2, 2)), "returned float64; return float32"),
        (np.array([[1, 1], [1, np.nan]], np.float32), r"NaN or infinity in row 1 \(in 1 of 2 rows\)"),
        (np.array([[np.inf, 1], [1, np.nan]], np.float32), r"NaN or infinity in row 0 \(in 2 of 2 rows\)"),
    ],
)
def test_check_vectors_says_what_is_wrong(vectors: Any, message: str) -> None:
    with pytest.raises(EncoderError, match="^mine .*" + message):
        check_vectors(vectors, 2, "mine")


def test_check_vectors_makes_rows_contiguous() -> None:
    vectors = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3))
    checked = check_vectors(vectors, 2, "mine")
    assert checked.flags.c_contiguous
    assert checked.tolist() == [[0, 1, 2], [3, 4, 5]]
