"""Words of a text: by spaces and punctuation if the script has them, by a segmenter in Chinese (jieba) and Thai (newmm).

The segmenters load once per process, when the first text needs one (0.7 s each). They write nothing: jieba's cache in
the shared temporary folder, which any other program may replace, is not used, and PyThaiNLP is loaded in its
read-only mode.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.languages import has_spaces
from robustir.text.blocks import Block
from robustir.text.classes import DIGIT, LETTER
from robustir.text.units import Clusters, unit_spans

__all__ = [
    "SEGMENTED",
    "block_word_spans",
    "in_chinese_dictionary",
    "in_thai_dictionary",
    "thai_syllables",
    "word_spans",
    "words",
    "words_of",
]


def words(text: str, lang: str) -> list[str]:
    """Return the words of a text, without punctuation and white space.

    Chinese and Thai are segmented; other languages without spaces give grapheme clusters, one per "word".
    """
    return [text[start:stop] for start, stop in word_spans(text, lang)]


def words_of(texts: Sequence[str], lang: str) -> list[list[str]]:
    """Return the words of each of many texts in one language, as :func:`words` does, in a few array operations."""
    block = Block.join(texts)
    starts, stops = block_word_spans(block, lang)
    found: list[list[str]] = [[] for _ in texts]
    for row, start, stop in zip(block.rows(starts).tolist(), starts.tolist(), stops.tolist(), strict=True):
        found[row].append(block.text[start:stop])
    return found


def word_spans(text: str, lang: str) -> list[tuple[int, int]]:
    """Return (start, stop) of every word, code point positions, in order; no span cuts a grapheme cluster."""
    starts, stops = block_word_spans(Block.join([text]), lang)
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


def block_word_spans(block: Block, lang: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each word of a block of texts in one language starts and stops, two int64 arrays."""
    if lang not in _SEGMENTERS:
        return unit_spans(block, spaced=has_spaces(lang))
    spans = [_segmented(text, lang) for text in block.texts()]
    moved = [(pair + first) for pair, first in zip(spans, block.offsets[:-1], strict=True)]
    table = np.concatenate(moved) if moved else np.zeros((0, 2), dtype=np.int64)
    return table[:, 0], table[:, 1]


@lru_cache(maxsize=8192)  # one text is asked for once per severity and draw
def _segmented(text: str, lang: str) -> NDArray[np.int64]:
    """Return the spans of one segmented text, int64 [words, 2]; each begins and ends with a letter or digit."""
    clusters = Clusters.of(Block.join([text]))
    bounds = np.unique([0, *_ends(text, _SEGMENTERS[lang]()(text))])
    bounds = bounds[np.isin(bounds, clusters.start)]
    wordish = np.flatnonzero(clusters.kind & (LETTER | DIGIT))
    edges = np.searchsorted(clusters.start[wordish], bounds)  # letters and digits before each bound
    filled = np.flatnonzero(np.diff(edges))
    first, last = wordish[edges[filled]], wordish[edges[filled + 1] - 1]
    return np.stack([clusters.start[first], clusters.start[last + 1]], axis=1)


def _ends(text: str, tokens: Iterable[str]) -> Iterator[int]:
    """Yield where tokens end; what a segmenter may have dropped goes with the token after it."""
    position = 0
    for token in tokens:
        place = text.find(token, position)
        if token and place >= 0:
            position = place + len(token)
            yield position
    if position < len(text):
        yield len(text)


def in_chinese_dictionary(word: str) -> bool:
    """Return whether a word is listed in the dictionary of jieba; it cuts unlisted words too, by their characters."""
    listed: bool = _chinese_tokenizer().FREQ.get(word, 0) > 0
    return listed


def _chinese() -> Callable[[str], Iterable[str]]:
    cut: Callable[[str], Iterable[str]] = _chinese_tokenizer().cut
    return cut


@cache
def _chinese_tokenizer() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # jieba 0.42 has invalid escapes in its patterns and asks for pkg_resources
        import jieba
    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True  # what initialize() does, without reading or writing a cache in /tmp
    return tokenizer


@cache
def in_thai_dictionary(word: str) -> bool:
    """Return whether a word is listed in the dictionary of newmm; what it cannot find it cuts where it can."""
    return word in _thai_dictionary()


@cache
def _thai_dictionary() -> Any:
    with _read_only():
        from pythainlp.tokenize import word_dict_trie

        return word_dict_trie()


@cache
def _thai() -> Callable[[str], Iterable[str]]:
    with _read_only():
        from pythainlp.tokenize.newmm import segment
    trie = _thai_dictionary()

    def cut(text: str) -> Iterable[str]:
        tokens: list[str] = segment(text, custom_dict=trie, safe_mode=True)
        return tokens

    return cut


def thai_syllables(word: str) -> list[str]:
    """Cut a Thai word where the dictionary of syllables of PyThaiNLP (CC0) does; a piece may still hold several."""
    tokens: list[str] = _thai_syllables()(word)
    return tokens


@cache
def _thai_syllables() -> Callable[[str], list[str]]:
    with _read_only():
        from pythainlp.corpus import thai_syllables as known
        from pythainlp.tokenize.newmm import segment
        from pythainlp.util import Trie

        trie = Trie(known())

    def cut(word: str) -> list[str]:
        tokens: list[str] = segment(word, custom_dict=trie)
        return tokens

    return cut


@contextmanager
def _read_only() -> Iterator[None]:
    name = "PYTHAINLP_READ_ONLY"
    if name in os.environ or "PYTHAINLP_READ_MODE" in os.environ:
        yield
        return
    os.environ[name] = "1"
    try:
        yield
    finally:
        del os.environ[name]


_SEGMENTERS: dict[str, Callable[[], Callable[[str], Iterable[str]]]] = {"zh": _chinese, "th": _thai}
SEGMENTED = frozenset(_SEGMENTERS)
"""The languages whose words a segmenter finds, text by text."""
