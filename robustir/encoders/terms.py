"""The terms that a lexical scorer matches: words of each language as it writes them, without stemming."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from robustir.languages import TURKIC_SMALL, has_spaces
from robustir.text.blocks import Block
from robustir.text.units import unit_spans
from robustir.text.words import SEGMENTED, words

__all__ = ["TERMS_VERSION", "terms_of"]

# Increase it when the same text gives other terms.
TERMS_VERSION = "1"

# General case folding would separate "ISI" from "ısı".
_TURKIC = frozenset({"az", "tr"})

# Suffixes of names (Turkish "Ankara'nın"), elisions and contractions are terms of their own: mono MAP of BM25 on
# XQuAD-R rises from 0.647 to 0.676 in Turkish and from 0.765 to 0.770 in English.
_APOSTROPHES = str.maketrans({"’": "'", "ʼ": "'", "ʹ": "'"})


def terms_of(texts: Sequence[str], langs: Sequence[str]) -> list[list[str]]:
    """Return the terms of each text: its words, split at apostrophes, case-folded (NFKC), repeats kept."""
    terms_by_row: list[list[str]] = [[] for _ in texts]
    by_lang: dict[str, dict[str, list[int]]] = {}
    for row, (text, lang) in enumerate(zip(texts, langs, strict=True)):
        by_lang.setdefault(lang, {}).setdefault(text, []).append(row)
    for lang, rows in by_lang.items():
        for same, terms in zip(rows.values(), _split(list(rows), lang), strict=True):
            for row in same:
                terms_by_row[row] = terms
    return terms_by_row


def _split(texts: Sequence[str], lang: str) -> list[list[str]]:
    turkic = lang in _TURKIC
    if lang in SEGMENTED:  # in other languages all texts are split at once (measured: 4 times as fast)
        return [[term for word in words(text, lang) for term in _fold(word, turkic)] for text in texts]
    block = Block.join(texts)
    joined = "\n".join(texts)
    starts, stops = unit_spans(block, spaced=has_spaces(lang))
    found: list[list[str]] = [[] for _ in texts]
    for row, start, stop in zip(block.rows(starts).tolist(), starts.tolist(), stops.tolist(), strict=True):
        found[row] += _fold(joined[start:stop], turkic)
    return found


@lru_cache(maxsize=2**16)
def _fold(word: str, turkic: bool) -> tuple[str, ...]:
    if turkic:
        word = word.translate(TURKIC_SMALL)
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", word).casefold()).translate(_APOSTROPHES)
    return tuple(part for part in folded.split("'") if part)
