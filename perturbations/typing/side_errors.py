"""What hasty typists leave out beside letters: capitals, spaces between words, and the mark at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from robustir.perturbations.casing import lowered
from robustir.perturbations.shared.numbered_units import Units
from robustir.text.blocks import Block
from robustir.text.classes import LETTER, matching
from robustir.text.splices import splice_strings

__all__ = ["without_sides"]

_SLOTS: Final = {"capital": 20, "space": 21, "final": 22}  # beyond those of letters
_SPACE: Final = ord(" ")


def without_sides(
    texts: Sequence[str], lang: str, severity: float, keys: NDArray[np.uint64], sides: Mapping[str, float]
) -> list[str]:
    """Return the texts without some capitals at the beginning of words, spaces and final marks.

    keys: uint64 [texts, 2]; sides: how often each is lost, seen from the share of words with an error, which is the severity.
    """
    block = Block.join(texts)
    codes, kinds = block.codes, block.kinds
    before = np.append(np.uint32(_SPACE), codes[:-1])
    after = np.append(codes[1:], np.uint32(_SPACE))
    begins = np.zeros(len(codes), dtype=bool)
    begins[block.offsets[:-1][np.diff(block.offsets) > 1]] = True
    final = block.offsets[1:] - 2
    final = final[
        (np.diff(block.offsets) > 2) & matching(r"[.?!\u037e;\u061f\u0964\u3002\uff1f\uff01]").take(codes.take(final))
    ]
    places = {
        "capital": np.flatnonzero(matching(r"\p{Lu}").take(codes) & (begins | (before == _SPACE))),
        "space": np.flatnonzero((codes == _SPACE) & (_letters(kinds, -1) & _letters(kinds, 1)) & (after != _SPACE)),
        "final": final,
    }
    chosen = {
        side: _drawn(block, at, keys, _SLOTS[side], severity * sides.get(side, 0.0)) for side, at in places.items()
    }
    at = np.concatenate([*chosen.values()])
    # A capital sigma by itself would become a final one.
    new = [lowered(chr(code), lang).replace("ς", "σ") for code in codes[chosen["capital"]].tolist()]
    new += [""] * (len(at) - len(new))
    order = np.argsort(at)
    return splice_strings(block, at[order], at[order] + 1, [new[place] for place in order.tolist()]).texts()


def _letters(kinds: NDArray[np.uint8], moved: int) -> NDArray[np.bool_]:
    """Return whether the code point before (-1) or after (1) each one is a letter."""
    there = np.zeros(len(kinds), dtype=bool)
    letter = (kinds & LETTER) != 0
    there[max(0, -moved) : len(kinds) - max(0, moved)] = letter[max(0, moved) : len(kinds) - max(0, -moved)]
    return there


def _drawn(
    block: Block, at: NDArray[np.int64], keys: NDArray[np.uint64], slot: int, chance: float
) -> NDArray[np.int64]:
    """Return the places that are drawn with a chance; each has a number within its text."""
    return at[Units.of(block, at, at + 1).draw(keys, slot) < chance]
