"""Arabic letters in the form that they are shown in: alone, at the beginning, in the middle or at the end of a joined run."""

from __future__ import annotations

from functools import cache
from typing import Final
from unicodedata import decomposition

import numpy as np
from numpy.typing import NDArray

from robustir.text.blocks import Block
from robustir.text.classes import flag_table

__all__ = ["joined_forms"]

_FORMS: Final = ("isolated", "final", "initial", "medial")  # + 1: joined to the letter before, + 2: to the one after
_PRESENTED: Final = (*range(0xFB50, 0xFC00), *range(0xFE80, 0xFEF5))  # forms of one letter each
_FIRST, _LAST = 0x600, 0x6FF  # the letters that have such forms
_TO_BEFORE, _TO_AFTER, _TRANSPARENT = 1, 2, 4
_JOINING: Final = {
    _TO_BEFORE: r"[\p{Joining_Type=D}\p{Joining_Type=R}\p{Joining_Type=C}]",
    _TO_AFTER: r"[\p{Joining_Type=D}\p{Joining_Type=L}\p{Joining_Type=C}]",
    _TRANSPARENT: r"\p{Joining_Type=T}",
}


@cache
def _joining() -> NDArray[np.uint8]:
    return flag_table(_JOINING)


@cache
def _presentation() -> NDArray[np.uint32]:
    """Return the presentation form of every letter, uint32 [letters, forms]; the letter itself if it has none."""
    table = np.tile(np.arange(_FIRST, _LAST + 1, dtype=np.uint32)[:, None], (1, len(_FORMS)))
    for code in _PRESENTED:
        kind, _, letter = decomposition(chr(code)).partition("> ")
        if kind[1:] in _FORMS and letter and " " not in letter:
            table[int(letter, 16) - _FIRST, _FORMS.index(kind[1:])] = code
    return table


def joined_forms(block: Block) -> NDArray[np.uint32]:
    """Return the block's code points, uint32 [n], each Arabic letter as the presentation form that a reader sees."""
    codes = block.codes.copy()
    joining = _joining().take(codes)
    seen = np.flatnonzero((joining & _TRANSPARENT) == 0)  # marks do not come between two letters
    kinds = joining[seen]
    before = np.append(False, (kinds[1:] & _TO_BEFORE != 0) & (kinds[:-1] & _TO_AFTER != 0))[: len(seen)]
    form = before + 2 * np.append(before[1:], False)[: len(seen)]
    letters = np.flatnonzero((codes[seen] >= _FIRST) & (codes[seen] <= _LAST))
    codes[seen[letters]] = _presentation()[codes[seen[letters]] - _FIRST, form[letters]]
    return codes
