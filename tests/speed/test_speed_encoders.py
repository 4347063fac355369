"""How fast texts become vectors and scores, against peers in the same run. Ratios are recorded, never asserted."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from robustir.contracts import Role
from robustir.encoders.bm25 import BM25
from robustir.encoders.hashing import HashingEncoder
from robustir.types import Corpus, QuerySet
from robustir.vectors.store import EmbeddingStore

pytestmark = pytest.mark.speed

QUESTIONS = [
    f"What is the {number}th longest river of the continent where {number % 97} countries lie?"
    for number in range(10_000)
]


def seconds(action: Callable[[], object], repeats: int = 3) -> float:
    """The shortest of a few runs: the machine is shared."""
    best = float("inf")
    for _ in range(repeats):
        begin = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - begin)
    return best


def record(benchmark: Any, action: Callable[[], object], **facts: float) -> None:
    benchmark.extra_info.update(facts)
    print("  ".join(f"{name} {value:,.2f}" for name, value in facts.items()))
    benchmark.pedantic(action, rounds=1)


def test_hashing_against_sklearn(benchmark: Any) -> None:
    from sklearn.feature_extraction.text import HashingVectorizer

    encoder = HashingEncoder()
    peer: Any = HashingVectorizer(n_features=384, analyzer="char_wb", ngram_range=(3, 4))
    ours = seconds(lambda: encoder.encode(QUESTIONS, role="query"))
    theirs = seconds(lambda: peer.transform(QUESTIONS).toarray())
    assert encoder.encode(QUESTIONS[:2], role="query").shape == (2, 384)
    record(
        benchmark,
        lambda: encoder.encode(QUESTIONS, role="query"),
        questions_per_second=len(QUESTIONS) / ours,
        times_as_fast_as_sklearn=theirs / ours,
    )


def test_bm25_blocks_against_bm25s(benchmark: Any) -> None:
    import bm25s

    generator = np.random.default_rng(0)

    def texts(count: int, length: int) -> list[str]:
        # Frequencies as in natural text (Zipf's law), so that postings are as long as they are there.
        numbers = generator.zipf(1.2, (count, length)) % 50_000
        return [" ".join(f"w{number}" for number in row) for row in numbers]

    passages, questions = texts(13_000, 25), texts(3_000, 10)
    scorer = BM25()
    scorer.index(Corpus(tuple(map(str, range(len(passages)))), tuple(passages), ("en",) * len(passages)))
    queries = QuerySet.from_texts(questions, lang="en")
    library = bm25s.BM25(k1=0.9, b=0.4)
    library.index([text.split() for text in passages], show_progress=False)
    assert sum(len(block) for block in scorer.blocks(queries)) == len(questions)
    ours = seconds(lambda: [block.shape for block in scorer.blocks(queries)])
    theirs = seconds(lambda: [library.get_scores(text.split()) for text in questions])
    record(
        benchmark,
        lambda: next(iter(scorer.blocks(queries))),
        queries_per_second=len(queries) / ours,
        times_as_fast_as_bm25s=theirs / ours,
    )


class _Ready:
    """An encoder whose vectors are made beforehand, so that only the store is measured."""

    name = "ready"
    uses_langs = False

    def __init__(self, texts: Sequence[str], vectors: NDArray[np.float32], *, batch_invariant: bool) -> None:
        self._rows = {text: row for row, text in enumerate(texts)}
        self._vectors = vectors
        self.batch_invariant = batch_invariant
        self.revision = str(batch_invariant)

    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> NDArray[np.float32]:
        return self._vectors[[self._rows.get(text, 0) for text in texts]]


@pytest.mark.parametrize("batch_invariant", [True, False], ids=["by-text", "by-unit"])
def test_store_against_plain_files(benchmark: Any, tmp_path: Path, batch_invariant: bool) -> None:
    vectors = np.random.default_rng(0).standard_normal((len(QUESTIONS), 384)).astype(np.float32)
    encoder = _Ready(QUESTIONS, vectors, batch_invariant=batch_invariant)
    store = EmbeddingStore(tmp_path / "store")
    store.encode_unit(encoder, ["open the file"], role="query")

    def save() -> None:
        with (tmp_path / "plain.npy").open("wb") as handle:
            np.save(handle, vectors)

    put = seconds(lambda: store.encode_unit(encoder, QUESTIONS, role="query"), 1)
    get = seconds(lambda: store.encode_unit(encoder, QUESTIONS, role="query"))
    assert store.encode_unit(encoder, QUESTIONS, role="query").reused == len(QUESTIONS)
    record(
        benchmark,
        lambda: store.encode_unit(encoder, QUESTIONS, role="query"),
        put_per_second=len(QUESTIONS) / put,
        get_per_second=len(QUESTIONS) / get,
        put_times_np_save=put / seconds(save),
        get_times_np_load=get / seconds(lambda: np.load(tmp_path / "plain.npy")),
    )


def test_static_against_model2vec(benchmark: Any, tmp_path: Path) -> None:
    model2vec = pytest.importorskip("model2vec", reason="pip install model2vec")
    from tokenizers import Tokenizer, models, pre_tokenizers

    from robustir.encoders.static import StaticEncoder
    from robustir.encoders.static_files import write_open

    words = sorted({word for text in QUESTIONS for word in text.split()})
    # Half of the numbers are no pieces of their own, as rare words are not.
    vocab = [("<unk>", 0.0)] + [("▁" + word, -10.0) for word in words if not word[:1].isdigit() or len(word) % 2]
    vocab += [(mark, -12.0) for mark in "▁0123456789thsndr"]
    tokenizer = Tokenizer(models.Unigram(vocab, unk_id=0))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    table = np.random.default_rng(0).standard_normal((len(vocab), 256)).astype(np.float32)
    write_open(tmp_path / "static", table, tokenizer.to_str())
    encoder = StaticEncoder(str(tmp_path / "static"))
    peer: Any = model2vec.StaticModel(table, tokenizer, normalize=True)
    np.testing.assert_allclose(encoder.encode(QUESTIONS[:9], role="query"), peer.encode(QUESTIONS[:9]), atol=1e-5)
    ours = seconds(lambda: encoder.encode(QUESTIONS, role="query"))
    theirs = seconds(lambda: peer.encode(QUESTIONS))
    record(
        benchmark,
        lambda: encoder.encode(QUESTIONS, role="query"),
        questions_per_second=len(QUESTIONS) / ours,
        times_as_fast_as_model2vec=theirs / ours,
    )
