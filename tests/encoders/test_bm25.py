from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from robustir.encoders.bm25 import BM25
from robustir.encoders.terms import terms_of
from robustir.errors import InputError, SpecError
from robustir.text.words import words
from robustir.types import Corpus, QuerySet
from tests.processes import outputs_under_hash_seeds

PASSAGES = (
    "The Nile is a long river.",
    "A river in Africa: the Nile!",
    "The Nile is a long river.",
    "Der Nil ist ein Fluss, der Nil ist lang.",
    "尼罗河是一条河。",
    "แม่น้ำไนล์เป็นแม่น้ำ",
    "...",
)
LANGS = ("en", "en", "en", "de", "zh", "th", "en")


def corpus(texts: tuple[str, ...] = PASSAGES, langs: tuple[str, ...] = LANGS) -> Corpus:
    return Corpus(tuple(f"p{number}" for number in range(len(texts))), texts, langs)


def scores(passages: Corpus, queries: QuerySet, **parameters: float) -> NDArray[np.float32]:
    scorer = BM25(**parameters)
    scorer.index(passages)
    return np.concatenate(list(scorer.blocks(queries)))


def formula(passages: list[list[str]], query: list[str], k1: float, b: float) -> list[float]:
    """Lucene's BM25 as in Kamphuis et al. 2020, summed with exact rounding."""
    mean = sum(map(len, passages)) / len(passages)
    result = []
    for passage in passages:
        parts = []
        for term in query:
            df = sum(term in other for other in passages)
            tf = passage.count(term)
            idf = math.log(1 + (len(passages) - df + 0.5) / (df + 0.5))
            parts.append(idf * tf / (tf + k1 * (1 - b + b * len(passage) / mean)) if tf else 0.0)
        result.append(math.fsum(parts))
    return result


@pytest.mark.parametrize(("k1", "b"), [(0.9, 0.4), (1.5, 0.75), (0.0, 0.0)])
def test_scores_follow_the_formula(k1: float, b: float) -> None:
    queries = QuerySet.from_texts(
        ["where is the Nile, the river?", "lang lang", "河", "แม่น้ำ", "", "unknown"],
        lang=["en", "de", "zh", "th", "en", "en"],
    )
    found = scores(corpus(), queries, k1=k1, b=b)
    assert found.dtype == np.float32
    assert found.shape == (6, 7)
    passages = terms_of(PASSAGES, LANGS)
    for row, terms in enumerate(terms_of(queries.texts, queries.langs)):
        np.testing.assert_allclose(found[row], formula(passages, terms, k1, b), rtol=1e-6)
    assert not found[4:].any()
    assert found[3, 5] > 0
    assert found[2, 4] > 0


def test_equal_passages_have_equal_bits_in_any_order_of_passages() -> None:
    queries = QuerySet.from_texts(["the long river Nile is in Africa", "Fluss"], lang="en")
    found = scores(corpus(), queries)
    assert found[:, 0].tobytes() == found[:, 2].tobytes()
    order = [4, 2, 6, 0, 5, 1, 3]
    shuffled = corpus(tuple(PASSAGES[i] for i in order), tuple(LANGS[i] for i in order))
    assert scores(shuffled, queries).tobytes() == np.ascontiguousarray(found[:, order]).tobytes()


@given(st.lists(st.text(alphabet="abc ", max_size=12), min_size=1, max_size=12), st.text(alphabet="abcd ", max_size=12))
@settings(max_examples=60, deadline=None)
def test_any_corpus_agrees_with_bm25s(texts: list[str], query: str) -> None:
    import bm25s

    found = scores(corpus(tuple(texts), ("en",) * len(texts)), QuerySet.from_texts([query], lang="en"))
    terms = [text.split() for text in texts]
    if not any(terms) or not query.split():
        assert not found.any()
        return
    library = bm25s.BM25(k1=0.9, b=0.4, method="lucene")
    library.index(terms, show_progress=False)
    np.testing.assert_allclose(found[0], library.get_scores(query.split()), rtol=1e-5, atol=1e-7)


def test_blocks_cover_all_queries_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    queries = QuerySet.from_texts(["nile", "river", "long", "africa", "a"], lang="en")
    whole = scores(corpus(), queries)
    monkeypatch.setattr("robustir.encoders.bm25._BLOCK_SCORES", 2 * len(PASSAGES))
    scorer = BM25()
    scorer.index(corpus())
    blocks = list(scorer.blocks(queries))
    assert [len(block) for block in blocks] == [2, 2, 1]
    assert np.concatenate(blocks).tobytes() == whole.tobytes()


def test_indexing_again_replaces_the_passages() -> None:
    scorer = BM25()
    queries = QuerySet.from_texts(["nile"], lang="en")
    scorer.index(corpus(("nile",), ("en",)))
    scorer.index(corpus())
    assert next(iter(scorer.blocks(queries))).tobytes() == scores(corpus(), queries).tobytes()


def test_a_corpus_without_words_scores_nothing() -> None:
    found = scores(corpus(("...", "!"), ("en", "en")), QuerySet.from_texts(["nile"], lang="en"))
    assert found.tolist() == [[0.0, 0.0]]


def test_misuse_is_refused() -> None:
    with pytest.raises(InputError, match=r"call index\(corpus\)"):
        list(BM25().blocks(QuerySet.from_texts(["a"], lang="en")))
    with pytest.raises(SpecError, match="k1=-1"):
        BM25(k1=-1)
    with pytest.raises(SpecError, match="b=2"):
        BM25(b=2)
    assert BM25(k1=1).revision != BM25().revision == BM25(0.9, 0.4).revision
    assert "jieba=" in BM25().revision


def test_terms_by_hand() -> None:
    texts = ["Don’t STOP, straße!", "ISPARTA'nın İstanbul", "我们去北京。", "ฉันไปโรงเรียน", "...", "Don’t STOP, straße!"]
    assert terms_of(texts, ["en", "tr", "zh", "th", "en", "en"]) == [
        ["don", "t", "stop", "strasse"],
        ["ısparta", "nın", "istanbul"],
        ["我们", "去", "北京"],
        ["ฉัน", "ไป", "โรงเรียน"],
        [],
        ["don", "t", "stop", "strasse"],
    ]


@pytest.mark.parametrize("lang", ["ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh"])
def test_batches_split_as_single_texts_do(lang: str) -> None:
    texts = [
        "Wie heißt der Fluss? Straße 12.",
        "ما هو أطول نهر؟",
        "नील नदी कहाँ है?",
        "Ποιος ποταμός;",
        "Где течёт Нил?",
        "แม่น้ำไนล์อยู่ที่ไหน",
        "Sông Nin ở đâu?",
        "尼罗河在哪里？",
        "",
    ]
    for text, terms in zip(texts, terms_of(texts, [lang] * len(texts)), strict=True):
        assert "".join(terms) == "".join(term for word in words(text, lang) for term in terms_of([word], [lang])[0])
        assert len(terms) == len(words(text, lang))


def test_scores_do_not_depend_on_the_hash_seed(root: Path) -> None:
    code = (
        "from robustir.encoders.bm25 import BM25; from robustir.types import *;"
        "s = BM25(); t = ('the nile is a long river', 'a river', 'the long way is a river to the nile');"
        "s.index(Corpus(('1', '2', '3'), t, ('en',) * 3));"
        "print([b.tobytes().hex() for b in s.blocks(QuerySet.from_texts([' '.join(t)], lang='en'))])"
    )
    outputs = outputs_under_hash_seeds(code)
    assert len(outputs) == 1
