"""Extended grapheme clusters (UAX #29): what a reader sees as one character."""

from __future__ import annotations

import numpy as np
import regex
from numpy.typing import NDArray

from robustir.text.blocks import Block
from robustir.text.classes import CONTROL, HARD, JOINS

__all__ = ["cluster_starts", "clusters"]

_CLUSTER = regex.compile(r"\X")
_BEFORE_ANY = regex.compile(r"\p{GCB=Prepend}")
_STARTS = [b"\x01".ljust(length, b"\0") for length in range(8)]  # masks of clusters by their length
_SPACE = ord(" ")
_KEPT, _LONGEST = 200_000, 64  # pieces, and code points of one


def clusters(text: str) -> list[str]:
    """Return the grapheme clusters of a text; joined they are the text."""
    return list(text) if text.isascii() and "\r" not in text else _CLUSTER.findall(text)


def cluster_starts(block: Block) -> NDArray[np.bool_]:
    """Return for every code point of a block whether a grapheme cluster starts there, bool [n].

    Most text needs only "no boundary before a mark", which is done on the whole array; texts with viramas, joiners,
    jamo or flags go through ``regex``, piece by piece.
    """
    kinds = block.kinds
    starts = np.ones(len(kinds), dtype=bool)
    joins = (kinds & JOINS) != 0
    if not joins.any() and not (kinds & HARD).any():
        return starts
    starts[1:] = ~joins[1:] | ((kinds[:-1] & CONTROL) != 0)
    hard = np.flatnonzero(kinds & HARD)
    if len(hard):
        rows = np.zeros(len(block), dtype=bool)
        rows[block.rows(hard)] = True
        inside = np.repeat(rows, np.diff(block.offsets))
        letters = block.codes[inside].astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
        exact = _exact_starts(letters)
        # A mark joins the space before it, unless that is a control character.
        exact[1:] &= ~((kinds[inside][1:] & JOINS != 0) & (block.codes[inside][:-1] == _SPACE))
        starts[inside] = exact
    return starts


def _exact_starts(text: str) -> NDArray[np.bool_]:
    """Return where clusters start, bool [n], by ``regex``; each distinct piece between spaces and line ends is read once."""
    if "\r" in text or _BEFORE_ANY.search(text):  # these may join what a piece ends with to what follows it
        return np.frombuffer(_mask(text), dtype=np.bool_).copy()
    if len(_masks) > _KEPT:
        _masks.clear()
    pieces = map(_masks.__getitem__, text.replace("\n", " ").split(" "))
    return np.frombuffer(b"\x01".join(pieces), dtype=np.bool_).copy()


def _mask(text: str) -> bytes:
    """Return a byte for each code point: 1 where a cluster starts, else 0."""
    return b"".join(
        _STARTS[len(cluster)] if len(cluster) < 8 else b"\x01".ljust(len(cluster), b"\0")
        for cluster in _CLUSTER.findall(text)
    )


class _Masks(dict[str, bytes]):
    """The masks of pieces of text: a few forms make up most of any text (Zipf's law). Long ones are not kept."""

    def __missing__(self, piece: str) -> bytes:
        mask = _mask(piece)
        if len(piece) <= _LONGEST:
            self[piece] = mask
        return mask


_masks = _Masks()
