"""Encoders as users have them, each against its own library: mteb (1.x and 2.x), BEIR, FlagEmbedding, Sentence Transformers.

Every library's own call gives the vectors that are expected here; ranks follow from those by enumeration. mteb 1 and 2 do
not fit into one environment:  make test-wrappers  runs this file once with each.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from robustir.contracts import Role
from robustir.encoders.adapters import adapt
from robustir.encoders.transformers.transformer import TransformerEncoder
from robustir.planning.conditions import CLEAN
from robustir.plugins.registry import create
from tests.tiny import Row, run_cells, suite_of, write_beir

pytestmark = pytest.mark.comparison

PROMPTS = {"query": "where is the ", "document": "a long river . "}
QUERIES = ["nile", "what is a river?", "africa", "rivers in africa", "который нил"]
PASSAGES = [
    "the nile is a river in africa.",
    "what is long?",
    "a long river",
    "нил",
    "rivers and the long rivers",
    "where is africa?",
    "the the the is in",
    "who " * 30,
]
Vectors = dict[Role, NDArray[Any]]


@pytest.fixture
def folder(tiny_bert: Path, make_layout: Any) -> Path:
    """A model in the layout of Sentence Transformers, with prompts, a dense layer and a short maximum length."""
    made: Path = make_layout(
        tiny_bert,
        pooling={"pooling_mode_mean_tokens": True},
        dense=(16, 8),
        config={"max_seq_length": 16, "do_lower_case": False},
        general={"prompts": PROMPTS, "default_prompt_name": None, "similarity_fn_name": "cosine"},
    )
    return made


@pytest.fixture
def sentence(folder: Path) -> Any:
    return pytest.importorskip("sentence_transformers").SentenceTransformer(str(folder), device="cpu")


def library(name: str, major: int | None = None) -> Any:
    """Import a library, or skip if it is not there in this version."""
    try:
        found = version(name)
    except PackageNotFoundError:
        pytest.skip(f"{name} is not installed; see  make test-wrappers")
    if major is not None and int(found.partition(".")[0]) != major:
        pytest.skip(f"{name} {found} is installed, and this is for version {major}; see  make test-wrappers")
    return importlib.import_module(name)


def unit(vectors: Any) -> NDArray[np.float64]:
    array = np.asarray(vectors, dtype=np.float64)
    return array / np.linalg.norm(array, axis=1, keepdims=True)


def compare(model: Any, expected: Vectors, tmp_path: Path, scores: NDArray[Any] | None = None) -> None:
    """Compare vectors (of cosines), and the ranks of every passage for every query in a run, with what is expected."""
    adapted: Any = adapt(model)
    if scores is None:
        scores = unit(expected["query"]) @ unit(expected["passage"]).T
        for role, texts in (("query", QUERIES), ("passage", PASSAGES)):
            made = adapted.encode(texts, role=role)
            np.testing.assert_allclose(made, unit(expected[role]), atol=2e-5)  # type: ignore[index]
    queries: list[Row] = [(f"q{number}", "en", text) for number, text in enumerate(QUERIES)]
    passages: list[Row] = [(f"p{number}", "en", text) for number, text in enumerate(PASSAGES)]
    judged = [(query[0], passage[0], 1) for query in queries for passage in passages]
    task = write_beir(tmp_path / "task", passages, queries, judged)
    suite = suite_of(task, encoders=("bm25",), perturbations=("tests.tiny:OnlyA",))
    plan, run, summary = run_cells(suite, tmp_path / "run", encoders=[model])
    assert summary.failures == []
    assert plan.encoders[-1].reusable
    cell = plan.cell(plan.tasks[0], plan.encoders[-1], CLEAN)
    ranks = run.read_ranks(cell.key).pool_rank.reshape(len(QUERIES), len(PASSAGES))
    by_hand = 1 + (scores[:, None, :] > scores[:, :, None]).sum(axis=2)
    assert np.diff(np.sort(scores, axis=1), axis=1).min() > 1e-6  # no ties, so that ranks say what they should
    assert ranks.tolist() == by_hand.tolist()


def prompted(sentence: Any) -> Vectors:
    """What the model is documented to make of both roles."""
    return {"query": sentence.encode_query(QUERIES), "passage": sentence.encode_document(PASSAGES)}


def test_sentence_transformers_and_its_folder(sentence: Any, folder: Path, tmp_path: Path) -> None:
    expected = prompted(sentence)
    by_hand = sentence.encode([PROMPTS["document"] + text for text in PASSAGES])
    np.testing.assert_allclose(expected["passage"], by_hand, atol=1e-6)
    compare(sentence, expected, tmp_path)
    ours = TransformerEncoder(str(folder), device="cpu")
    for role, texts in (("query", QUERIES), ("passage", PASSAGES)):
        np.testing.assert_allclose(ours.encode(texts, role=role), unit(expected[role]), atol=2e-5)  # type: ignore[arg-type,index]


@pytest.mark.parametrize("name", ["document", "passage"])
def test_prompts_of_a_folder_and_of_the_live_object_agree(tiny_bert: Path, make_layout: Any, name: str) -> None:
    package = pytest.importorskip("sentence_transformers")
    general = {"prompts": {"query": PROMPTS["query"], name: PROMPTS["document"]}, "default_prompt_name": "query"}
    folder = make_layout(tiny_bert, general=general)
    live = package.SentenceTransformer(str(folder), device="cpu")
    expected = {
        role: live.encode([PROMPTS[key] + text for text in PASSAGES], prompt="")
        for role, key in (("query", "query"), ("passage", "document"))
    }
    for encoder in (adapt(live), TransformerEncoder(str(folder), device="cpu")):
        for role, vectors in expected.items():
            made = encoder.encode(PASSAGES, role=role)  # type: ignore[union-attr,arg-type]
            np.testing.assert_allclose(made, unit(vectors), atol=2e-5)


def test_euclidean_distances_of_sentence_transformers(sentence: Any, tmp_path: Path) -> None:
    sentence.similarity_fn_name = "euclidean"
    expected = prompted(sentence)
    compare(sentence, expected, tmp_path, np.asarray(sentence.similarity(expected["query"], expected["passage"])))


@pytest.mark.parametrize("part", ["max_seq_length", "prompts", "truncate_dim"])
def test_settings_of_sentence_transformers_identify_it(sentence: Any, part: str, tmp_path: Path) -> None:
    before = adapt(sentence).revision
    sentence.encode(PASSAGES * 3)
    assert adapt(sentence).revision == before
    changed = {"max_seq_length": 9, "prompts": {"query": "is ", "document": ""}, "truncate_dim": 5}
    setattr(sentence, part, changed[part])
    assert adapt(sentence).revision != before
    compare(sentence, prompted(sentence), tmp_path)


def test_mteb_1(sentence: Any, tmp_path: Path) -> None:
    library("mteb", 1)
    wrapper = importlib.import_module("mteb.models.sentence_transformer_wrapper").SentenceTransformerWrapper(sentence)
    kinds = importlib.import_module("mteb.encoder_interface").PromptType
    expected: Vectors = {
        "query": wrapper.encode(QUERIES, task_name="NFCorpus", prompt_type=kinds.query),
        "passage": wrapper.encode(PASSAGES, task_name="NFCorpus", prompt_type=kinds.document),
    }
    np.testing.assert_allclose(expected["passage"], prompted(sentence)["passage"], atol=1e-6)
    compare(wrapper, expected, tmp_path)


def test_mteb_2(sentence: Any, tmp_path: Path) -> None:
    mteb = library("mteb", 2)
    wrapper = importlib.import_module("mteb.models.sentence_transformer_wrapper").SentenceTransformerEncoderWrapper(
        sentence
    )
    kinds = importlib.import_module("mteb.types").PromptType
    loader = importlib.import_module("mteb._create_dataloaders")._create_dataloader_from_texts

    def encode(texts: list[str], kind: Any) -> NDArray[Any]:
        task = mteb.get_task("NFCorpus").metadata
        made = wrapper.encode(loader(texts), task_metadata=task, hf_split="test", hf_subset="default", prompt_type=kind)
        return np.asarray(made)

    expected: Vectors = {"query": encode(QUERIES, kinds.query), "passage": encode(PASSAGES, kinds.document)}
    np.testing.assert_allclose(expected["passage"], prompted(sentence)["passage"], atol=1e-6)
    compare(wrapper, expected, tmp_path)


def test_beir(folder: Path, tmp_path: Path) -> None:
    library("beir")
    models = importlib.import_module("beir.retrieval.models")
    model = models.SentenceBERT(str(folder), prompt_names={"query": "query", "passage": "document"}, device="cpu")
    documents = [{"title": "", "text": text} for text in PASSAGES]
    expected: Vectors = {
        "query": model.encode_queries(QUERIES, show_progress_bar=False),
        "passage": model.encode_corpus(documents, show_progress_bar=False),
    }
    compare(model, expected, tmp_path)


def test_flag_embedding(tiny_bert: Path, tmp_path: Path) -> None:
    flag = library("FlagEmbedding")
    model = flag.FlagModel(
        str(tiny_bert),
        query_instruction_for_retrieval="where is the ",
        use_fp16=False,
        devices="cpu",
        passage_max_length=12,
    )
    expected: Vectors = {"query": model.encode_queries(QUERIES), "passage": model.encode_corpus(PASSAGES)}
    compare(model, expected, tmp_path)


def count_letters(texts: Sequence[str]) -> list[list[float]]:
    return [[text.count(letter) + 0.1 * place for place, letter in enumerate("aeilnrhw")] for text in texts]


class Mine:
    """The contract, as a user writes it."""

    name = "mine"
    revision = "1"
    uses_langs = False

    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> NDArray[np.float32]:
        return np.array(unit(count_letters(texts)), dtype=np.float32)


@pytest.mark.parametrize("make", [lambda: count_letters, Mine, lambda: create("encoder", f"{__name__}:count_letters")])
def test_a_class_and_a_function(make: Callable[[], Any], tmp_path: Path) -> None:
    texts = [*QUERIES, *PASSAGES]
    vectors = np.array(count_letters(texts))
    expected: Vectors = {"query": vectors[: len(QUERIES)], "passage": vectors[len(QUERIES) :]}
    compare(make(), expected, tmp_path)


def test_a_released_model_is_the_same_live_and_as_a_folder() -> None:
    """all-MiniLM-L6-v2 as released: give the folder that holds it in $ROBUSTIR_MODELS."""
    import os

    path = Path(os.environ.get("ROBUSTIR_MODELS", "nowhere")) / "all-MiniLM-L6-v2"
    if not path.is_dir():
        pytest.skip("$ROBUSTIR_MODELS holds no all-MiniLM-L6-v2")
    live = pytest.importorskip("sentence_transformers").SentenceTransformer(str(path), device="cpu")
    expected = unit(live.encode(PASSAGES))
    for encoder in (adapt(live), TransformerEncoder(str(path), device="cpu")):
        np.testing.assert_allclose(encoder.encode(PASSAGES, role="passage"), expected, atol=2e-5)  # type: ignore[union-attr]
