"""Queries without function words, as they are typed into a search box."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from robustir.languages import LANGUAGES
from robustir.perturbations.casing import raised
from robustir.perturbations.shared.numbered_units import Units, word_units
from robustir.perturbations.shared.rule_based import RuleBased
from robustir.perturbations.tables.marks import is_space, open_before
from robustir.perturbations.typing.keyboards import read_data
from robustir.text.blocks import Block
from robustir.text.splices import splice_strings

__all__ = ["Stopwords", "function_words"]


class Stopwords(RuleBased):
    """Function words are left out, with the space after them (before them at the end of a text).

    In a text of function words only, the last one stays and is not eligible, so that no text becomes empty. Thai and
    Chinese words come from newmm and jieba.
    """

    name: ClassVar[str] = "stopwords"
    version: ClassVar[str] = "1"
    languages: ClassVar[frozenset[str] | None] = frozenset(LANGUAGES)
    severity_meaning: ClassVar[str] = "expected share of function words that are left out"
    source: ClassVar[str] = "the source field of each file in perturbations/data/stopwords"

    def in_one_language(
        self, texts: Sequence[str], lang: str, severity: float, keys: NDArray[np.uint64]
    ) -> Sequence[str]:
        """Return the texts without chosen function words."""
        block = Block.join(texts)
        units = word_units(block, lang)
        last = np.append(np.diff(units.row) != 0, True)[: len(units)]
        chosen = np.flatnonzero(units.chosen(keys, severity) & ~open_before(block, units.start))
        chosen = chosen[_known(block, units.take(chosen), lang)]
        closing = units.row[chosen[last[chosen]]]  # texts whose last word would go
        theirs = units.take(np.isin(units.row, closing))
        others = np.bincount(theirs.row[~_known(block, theirs, lang)], minlength=len(block))
        gone = units.take(chosen[~last[chosen] | (others[units.row[chosen]] > 0)])
        space = is_space(block)
        space[block.offsets[1:] - 1] = False
        after = space[gone.stop]
        first = np.flatnonzero(~after & ~np.isin(gone.start, block.offsets[:-1]))
        start = gone.start.copy()
        start[first] -= space[start[first] - 1]
        stops = gone.stop + after
        start = np.maximum(start, np.append(0, stops[:-1])[: len(start)])
        return splice_strings(block, start, stops, [""] * len(gone)).texts()


def _known(block: Block, units: Units, lang: str) -> NDArray[np.bool_]:
    """Return which units are function words, bool [units]."""
    known = function_words(lang)
    return np.fromiter((word in known for word in units.strings(block)), dtype=bool, count=len(units))


@cache
def function_words(lang: str) -> frozenset[str]:
    """Return the function words of a language: as listed, with a capital, and in capitals."""
    listed: list[str] = read_data("stopwords", f"{lang}.json")["words"].split()
    return frozenset(form for word in listed for form in (word, raised(word[0], lang) + word[1:], raised(word, lang)))
