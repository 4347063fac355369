"""Word forms and what is known of each, looked at once per process: a few forms make up most of any text (Zipf's law).

Whole blocks of words are looked up by hashes of their code points, so that no string is made of a word that was met before:
three times as fast as a dictionary of strings. A hash of a word is the sum of a random number for each code point times a power of an odd
number, modulo 2^64 (Carter & Wegman 1979; Karp & Rabin 1987); of a million forms any two share one with a chance of 10^-6.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from robustir.perturbations.shared.numbered_units import FEW, Units
from robustir.seeds import mixed
from robustir.text.blocks import Block

__all__ = ["KnownForms"]

_BITS: Final = 16  # of the places of a table
_LONGEST: Final = 1 << 19  # code points of a block; in a longer one strings are made
_FACTOR: Final = 0xD6E8FEB86659FD93  # odd
_MODULUS: Final = 1 << 64


class KnownForms(dict[str, int], ABC):
    """A whole number for each word form."""

    def __init__(self) -> None:
        super().__init__()
        self._hashes = np.zeros(1 << _BITS, dtype=np.uint64)  # 0: a free place
        self._values = np.zeros(1 << _BITS, dtype=np.int64)

    @abstractmethod
    def value_of(self, form: str) -> int:
        """Look at a form for the first time: return its number."""

    def __missing__(self, form: str) -> int:
        self[form] = value = self.value_of(form)
        return value

    def values_of(self, block: Block, units: Units) -> NDArray[np.int64]:
        """Return the number of each unit's form, int64 [units]."""
        if FEW * len(units) < len(block.codes) or len(block.codes) > _LONGEST:
            return self._looked_up(block, units)
        hashes = _hashes(block, units)
        places = (hashes >> np.uint64(64 - _BITS)).view(np.int64)
        values = self._values.take(places)
        others = np.flatnonzero(self._hashes.take(places) != hashes)  # unknown, or another form has their place
        if len(others):
            values[others] = found = self._looked_up(block, units.take(others))
            free = self._hashes.take(places[others]) == 0
            places, others = places[others[free]], others[free]
            self._hashes[places], self._values[places] = hashes[others], found[free]
        return values

    def _looked_up(self, block: Block, units: Units) -> NDArray[np.int64]:
        return np.fromiter(map(self.__getitem__, units.strings(block)), dtype=np.int64, count=len(units))


def _hashes(block: Block, units: Units) -> NDArray[np.uint64]:
    """Return a hash of what each unit reads, uint64 [units], never 0."""
    power, inverse = _powers()
    upto = _random().take(block.codes)
    upto *= power[: len(upto)]
    np.cumsum(upto, out=upto)
    hashes = upto.take(units.stop - 1)
    hashes -= upto.take(np.maximum(units.start - 1, 0)) * (units.start > 0)
    hashes *= inverse.take(units.start)
    return mixed(hashes) | np.uint64(1)


@cache
def _random() -> NDArray[np.uint64]:
    """Return a number for each code point, uint64 [0x110000]."""
    return mixed(np.arange(1, 0x110001, dtype=np.uint64))


@cache
def _powers() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return the powers of _FACTOR and of its inverse, uint64 [_LONGEST] each."""
    factors = np.array([[_FACTOR], [pow(_FACTOR, -1, _MODULUS)]], dtype=np.uint64)
    table = np.repeat(factors, _LONGEST, axis=1)
    table[:, 0] = 1
    np.multiply.accumulate(table, axis=1, out=table)
    return table[0], table[1]
