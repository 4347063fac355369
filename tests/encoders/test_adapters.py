from __future__ import annotations

import copy
import functools
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from robustir.encoders.adapters import AdaptedEncoder, adapt, check_vectors
from robustir.encoders.bm25 import BM25
from robustir.encoders.hashing import HashingEncoder
from robustir.encoders.transformers.transformer import TransformerEncoder
from robustir.errors import EncoderError, InputError, SpecError
from robustir.plugins.registry import create
from tests.tiny import Letters


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
    for model in (HashingEncoder(), BM25(), TransformerEncoder("any/model"), adapt(FakeBeir()), adapt(Letters())):
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


class FakeFlag:
    """encode_corpus as FlagEmbedding's: of texts, not of dicts."""

    def encode_queries(self, queries: list[str], **kwargs: Any) -> NDArray[np.float64]:
        return lengths(queries)

    def encode_corpus(self, corpus: list[str], **kwargs: Any) -> NDArray[np.float64]:
        return lengths([f"{text}" for text in corpus], 10)


class SilentFlag(FakeFlag):
    """The same without a word on what it takes: a dict would be encoded as it is printed."""

    def encode_corpus(self, corpus, **kwargs):  # type: ignore[no-untyped-def]
        return lengths([f"{text}" for text in corpus], 10)


class SilentBeir(FakeBeir):
    def encode_corpus(self, corpus, **kwargs):  # type: ignore[no-untyped-def]
        return lengths([entry["text"] for entry in corpus], 10)


@pytest.mark.parametrize("model", [FakeFlag(), SilentFlag(), FakeBeir(), SilentBeir()])
def test_a_corpus_of_texts_or_of_dicts_is_told_apart(model: Any) -> None:
    np.testing.assert_allclose(encode(model, ["abc"], "query"), unit([[3, 1]]), atol=1e-7)
    np.testing.assert_allclose(encode(model, ["abc"], "passage"), unit([[13, 1]]), atol=1e-7)


def test_flag_embedding_m3_returns_a_dict() -> None:
    class M3(FakeFlag):
        def encode_queries(self, queries: list[str], **kwargs: Any) -> Any:
            return {"dense_vecs": lengths(queries), "lexical_weights": None}

    np.testing.assert_allclose(encode(M3(), ["abc"], "query"), unit([[3, 1]]), atol=1e-7)


def test_functions_are_encoders() -> None:
    def plain(texts: list[str]) -> list[list[float]]:
        return [[len(text), 1.0] for text in texts]

    def roles(texts: list[str], role: str, langs: list[str]) -> NDArray[np.float64]:
        assert langs == ["en"] * len(texts)
        return lengths(texts, 10 if role == "passage" else 0)

    assert adapt(plain).name == "plain"
    assert adapt(functools.partial(plain)).name == "plain"
    np.testing.assert_allclose(encode(plain, ["abc", "a"], "passage"), unit([[3, 1], [1, 1]]), atol=1e-7)
    np.testing.assert_allclose(encode(functools.partial(plain), ["abc"], "query"), unit([[3, 1]]), atol=1e-7)
    assert adapt(roles).uses_langs  # type: ignore[union-attr]
    np.testing.assert_allclose(encode(roles, ["abc"], "passage"), unit([[13, 1]]), atol=1e-7)
    made: Any = adapt(create("encoder", f"{__name__}:by_length"))
    assert np.allclose(made.encode(["abc"], role="query"), unit([[3, 1]]))


def by_length(texts: list[str]) -> NDArray[np.float64]:
    return lengths(texts)


def test_euclidean_distances_order_passages_exactly() -> None:
    class Euclidean(FakeSentenceTransformer):
        similarity_fn_name = "euclidean"
        random = np.random.default_rng(5).normal(size=(200, 6)) * np.arange(1, 7)

        def encode(self, sentences: list[str], **kwargs: Any) -> NDArray[np.float64]:
            return np.array([self.random[int(text)] for text in sentences])

    names = [str(number) for number in range(200)]
    model: Any = adapt(Euclidean())
    scores = model.encode(names[:50], role="query") @ model.encode(names[50:], role="passage").T
    apart = np.linalg.norm(Euclidean.random[:50, None] - Euclidean.random[None, 50:], axis=2)
    assert (np.argsort(-scores, axis=1, kind="stable") == np.argsort(apart, axis=1, kind="stable")).all()
    cosine = Euclidean.random @ Euclidean.random.T
    assert (np.argsort(-scores, axis=1) != np.argsort(-cosine[:50, 50:], axis=1)).any()


def test_a_similarity_that_inner_products_cannot_order_is_refused() -> None:
    class Manhattan(FakeSentenceTransformer):
        similarity_fn_name = "manhattan"

    with pytest.raises(
        InputError, match="'manhattan', which inner products of vectors cannot order; give normalize=True"
    ):
        adapt(Manhattan())
    assert adapt(Manhattan(), normalize=False).encode(["abc"], role="query").tolist() == [[3.0, 1.0]]  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["document", "passage", "corpus"])
def test_the_prompt_of_a_role_has_many_names(name: str) -> None:
    class Prompted(FakeSentenceTransformer5):
        # Sentence Transformers holds the first two always.
        prompts: ClassVar[dict[str, str]] = {"query": "q: ", "document": "", name: "passage: "}
        default_prompt_name = "query"

        def encode_query(self, sentences: list[str], prompt: str | None = None, **kwargs: Any) -> Any:
            return lengths([f"{prompt}{text}" for text in sentences])

        def encode_document(self, sentences: list[str], prompt: str | None = None, **kwargs: Any) -> Any:
            return lengths([f"{prompt}{text}" for text in sentences])

    assert encode(Prompted(), ["abc"], "query").tolist() == [[6.0, 1.0]]
    assert encode(Prompted(), ["abc"], "passage").tolist() == [[12.0, 1.0]]


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
    with pytest.raises(SpecError, match="a dict is not an encoder"):
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
