"""Classes of code points as tables of flags, for work on whole arrays of text.

A table is made once per process, on first use, from the Unicode data inside the ``regex`` package (3 ms per
property).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

import numpy as np
import regex
from numpy.typing import NDArray

__all__ = ["APOSTROPHE", "CONTROL", "DIGIT", "HARD", "JOINS", "LETTER", "OPEN", "flag_table", "flags", "matching"]

LETTER: Final = 1  # general category L
DIGIT: Final = 2  # general category N
APOSTROPHE: Final = 4  # occurs inside a word between letters
JOINS: Final = 8  # no cluster boundary before it (UAX #29 GB9, GB9a), except at the start of a text and after a control
CONTROL: Final = 16  # cluster boundary on both sides (GB4, GB5)
HARD: Final = 32  # takes part in a rule that looks further than one code point (GB3, GB6-9, GB9b, GB9c, GB11-13)
OPEN: Final = 64  # as the end of a cluster it can join with a cluster that it was not before

_PATTERNS: Final = {
    LETTER: r"\p{L}",
    DIGIT: r"\p{N}",
    APOSTROPHE: "['\u2019]",
    JOINS: r"[\p{GCB=Extend}\p{GCB=SpacingMark}\p{GCB=ZWJ}]",
    CONTROL: r"[\p{GCB=Control}\p{GCB=CR}\p{GCB=LF}]",
    HARD: r"[\p{GCB=CR}\p{GCB=Prepend}\p{GCB=L}\p{GCB=V}\p{GCB=T}\p{GCB=RI}\p{GCB=ZWJ}\p{InCB=Linker}]",
    OPEN: r"[\p{GCB=Prepend}\p{GCB=L}\p{GCB=V}\p{GCB=T}\p{GCB=ZWJ}\p{InCB=Linker}]",
}


@cache
def flags() -> NDArray[np.uint8]:
    """Return the flags of every code point, uint8 [0x110000]."""
    return flag_table(_PATTERNS)


@cache
def matching(pattern: str) -> NDArray[np.bool_]:
    """Return which code points a pattern of one character matches, bool [0x110000]."""
    return flag_table({1: pattern}).view(np.bool_)


def flag_table(patterns: Mapping[int, str]) -> NDArray[np.uint8]:
    """Return for every code point the flags whose patterns, each of one character, match it, uint8 [0x110000]."""
    every = np.arange(0x110000, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    table = np.zeros(0x110000, dtype=np.uint8)
    for flag, pattern in patterns.items():
        for match in regex.finditer(f"{pattern}+", every):
            table[match.start() : match.end()] |= flag
    table.setflags(write=False)
    return table
