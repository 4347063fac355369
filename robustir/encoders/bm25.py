"""BM25: the lexical baseline, and the reference of corruption errors."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from robustir.contracts import Role
from robustir.encoders.terms import TERMS_VERSION, terms_of
from robustir.errors import InputError, SpecError
from robustir.plugins.shown import Shown
from robustir.types import Corpus, QuerySet

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["BM25"]

# Scores in one block: 32 MiB of float64 before rounding; a block never has fewer than one query.
_BLOCK_SCORES = 2**22
_LIBRARIES = ("bm25s", "jieba", "pythainlp", "regex")


class BM25(Shown):
    """Scores passages by BM25 (Robertson & Zaragoza 2009) in Lucene's exact variant, through the bm25s library.

    Statistics are over the whole indexed pool, in all its languages, so that mono, cross and multi mask one score matrix.
    Terms are case-folded words, without stemming (jieba segments Chinese, pythainlp's newmm Thai). A term that occurs
    twice in a query counts twice; an unknown term does not count. A passage that shares no word with a query is not
    retrieved, so that measures never find it, as in trec_eval for the rankings of a search engine.

    The defaults are Anserini's (mono MAP on XQuAD-R, mean of 11 languages: 0.72; with Lucene's 1.2 and 0.75: 0.71).

    Args:
        k1: saturation: how soon further occurrences of a term stop counting.
        b: length normalisation, from 0 to 1.
    """

    name = "bm25"
    matches_only = True

    def __init__(self, k1: float = 0.9, b: float = 0.4) -> None:
        if not 0 <= k1 < np.inf:
            raise SpecError(f"k1={k1!r}: give a number of at least 0, for example 0.9")
        if not 0 <= b <= 1:
            raise SpecError(f"b={b!r}: give a number from 0 to 1, for example 0.4")
        self.k1 = float(k1)
        self.b = float(b)
        self._passages = 0
        self._vocabulary: dict[str, int] = {}
        self._weights: csr_matrix | None = None
        # Parameters, and the versions of everything that splits, folds or weighs terms.
        libraries = " ".join(f"{name}={version(name)}" for name in _LIBRARIES)
        unicode = unicodedata.unidata_version
        self.revision = f"2 lucene k1={self.k1!r} b={self.b!r} terms={TERMS_VERSION} {libraries} unicode={unicode}"

    def index(self, corpus: Corpus) -> None:
        """Weigh the terms of all passages; this replaces an earlier index."""
        passages = terms_of(corpus.texts, corpus.langs)
        # Sorted, so that sums run in one order whatever the order of the passages and PYTHONHASHSEED.
        self._vocabulary = {
            term: number for number, term in enumerate(sorted({term for passage in passages for term in passage}))
        }
        self._passages = len(corpus)
        self._weights = self._weigh([[self._vocabulary[term] for term in passage] for passage in passages])

    def _weigh(self, passages: list[list[int]]) -> csr_matrix:
        """Return float64 [terms, passages]: what one occurrence of a term in a query adds to a passage's score."""
        from scipy.sparse import csr_matrix

        shape = (len(self._vocabulary), self._passages)
        if not self._vocabulary:
            return csr_matrix(shape, dtype=np.float64)
        import bm25s

        library: Any = bm25s.BM25(k1=self.k1, b=self.b, method="lucene", dtype="float64")
        library.index((passages, self._vocabulary), create_empty_token=False, show_progress=False)
        scores = library.scores
        return csr_matrix((scores["data"], scores["indices"], scores["indptr"]), shape=shape)

    def tokens(
        self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None
    ) -> Sequence[tuple[str, ...]]:
        """Return the terms of each text. Raises InputError without langs."""
        if langs is None:
            raise InputError("bm25 needs to know the language of every text to split it into terms; give langs")
        return [tuple(terms) for terms in terms_of(texts, langs)]

    def blocks(self, queries: QuerySet) -> Iterator[NDArray[np.float32]]:
        """Yield scores of consecutive queries, float32 [b, passages]: :meth:`sparse_blocks` with their zeros."""
        for block in self.sparse_blocks(queries):
            yield block.toarray()

    def sparse_blocks(self, queries: QuerySet) -> Iterator[csr_matrix]:
        """Yield scores of consecutive queries, CSR float32 [b, passages]; a passage without a query's word has no entry.

        Sums are float64, over a query's terms in one fixed order, rounded to float32 once: passages with the same
        terms have equal scores to the last bit. Raises InputError before :meth:`index`.
        """
        if self._weights is None:
            raise InputError("BM25 has no passages yet; call index(corpus) before blocks(queries)")
        from scipy.sparse import csr_matrix

        counts = self._count(queries)
        size = max(1, _BLOCK_SCORES // max(1, self._passages))
        for first in range(0, len(queries), size):
            product = counts[first : first + size] @ self._weights
            yield csr_matrix((product.data.astype(np.float32), product.indices, product.indptr), shape=product.shape)

    def _count(self, queries: QuerySet) -> csr_matrix:
        """Return float64 [queries, terms]: how often a term occurs in a query, columns ascending."""
        from scipy.sparse import csr_matrix

        numbers = [
            sorted(self._vocabulary[term] for term in query if term in self._vocabulary)
            for query in terms_of(queries.texts, queries.langs)
        ]
        ends = np.cumsum([0, *map(len, numbers)])
        columns = np.array([number for row in numbers for number in row], dtype=np.int64)
        counts = csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(queries), len(self._vocabulary)))
        counts.sum_duplicates()
        return counts
