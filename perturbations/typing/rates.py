"""How often people make which typing error: kinds, places in the word, lengths of words, and what is lost beside letters.

One JSON file per language with natural errors of its own in ``data/typing_rates``, counted by ``robustir naturalness
--rates``. What a file lacks, and languages without one, take from English.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from robustir.perturbations.typing.keyboards import read_data

__all__ = ["KINDS", "LONGEST", "MIXES", "OPERATIONS", "UNIT", "Rates", "rates"]

KINDS: Final = ("near", "far", "beside", "away", "double", "delete", "transpose")
"""A wrong key (a neighbour, another one), a key too many (a neighbour, another one, the same twice), none, two swapped."""
OPERATIONS: Final = ("keyboard", "insert", "delete", "transpose")
"""What ``parts=`` names: wrong keys, keys too many, missed keys, swapped keys."""
LONGEST: Final = 15  # longer words err as those of this length
MIXES: Final = ("natural", "uniform")
UNIT: Final = 64  # weight of a letter in the middle of a word; whole numbers add up exactly in any order
_POOLED: Final = "en"
_OWN: Final = ("en", "ru", "zh")


@dataclass(frozen=True, slots=True, eq=False)
class Rates:
    """Rates of one language.

    kinds: float64 [len(KINDS)], shares that add up to 1; first, last, doubled: int, weights of letters beside UNIT;
    hazard: float64 [LONGEST + 1], how prone to errors a word of that many keys is; several: float64 [LONGEST + 1], the share
    of erroneous words with a second error; sides: rates of lost capitals, spaces and final marks, per word error;
    confusions: letters that stand for others, with their counts; prone: how often a letter is confused, seen from the mean;
    keys: keys per character.
    """

    kinds: NDArray[np.float64]
    first: int
    last: int
    doubled: int
    hazard: NDArray[np.float64]
    several: NDArray[np.float64]
    sides: Mapping[str, float]
    confusions: Mapping[str, Mapping[str, int]]
    prone: Mapping[str, float]
    keys: int

    def prone_of(self, letter: str) -> int:
        """Return the weight of a letter among those that may be confused."""
        return _weight(self.prone.get(letter.lower(), 1.0))


@cache
def rates(language: str, mix: str, operations: Sequence[str]) -> Rates:
    """Return the rates of some operations in a language; mix: one of MIXES."""
    if mix == "uniform":
        shares = {"near": 1.0, "beside": 0.5, "double": 0.5, "delete": 1.0, "transpose": 1.0}
        flat = np.ones(LONGEST + 1)
        return Rates(_shares(shares, operations), UNIT, UNIT, UNIT, flat, 0 * flat, {}, {}, {}, 1)
    raw = _read(_POOLED) | (_read(language) if language in _OWN else {})
    return Rates(
        kinds=_shares(raw["kinds"], operations),
        first=_weight(raw["first"]),
        last=_weight(raw["last"]),
        doubled=_weight(raw["doubled"]),
        hazard=_by_length(raw["words"]),
        several=_by_length(raw["several"]),
        sides=raw["sides"],
        confusions=raw.get("confusions", {}),
        prone=raw.get("prone", {}),
        keys=raw.get("keys", 1),
    )


_KINDS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "keyboard": ("near", "far"),
    "insert": ("beside", "away", "double"),
    "delete": ("delete",),
    "transpose": ("transpose",),
}


def _read(language: str) -> dict[str, Any]:
    content: dict[str, Any] = read_data("typing_rates", f"{language}.json")
    return content


def _shares(given: Mapping[str, float], operations: Sequence[str]) -> NDArray[np.float64]:
    wanted = {kind for operation in operations for kind in _KINDS_OF[operation]}
    found = np.array([given.get(kind, 0.0) if kind in wanted else 0.0 for kind in KINDS])
    shares: NDArray[np.float64] = found / found.sum()
    return shares


def _weight(relative: float) -> int:
    return max(1, round(UNIT * relative))


def _by_length(values: Sequence[float]) -> NDArray[np.float64]:
    return np.array([values[0], *values[:LONGEST]], dtype=np.float64)
