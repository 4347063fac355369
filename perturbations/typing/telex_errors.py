"""Typing errors in Vietnamese: a key of the Telex sequence goes wrong, and the input method makes of it what it makes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from robustir.perturbations.typing.key_table import BESIDE, FAR, NEAR, mistakes
from robustir.perturbations.typing.rates import KINDS, LONGEST, UNIT, Rates
from robustir.perturbations.typing.telex import composed, keys_of
from robustir.perturbations.typing.typing_errors import SLOTS, Typist
from robustir.text.blocks import Block
from robustir.text.classes import HARD, JOINS, OPEN, flags
from robustir.text.splices import splice_strings

__all__ = ["telex_errors"]

_KIND, _PLACE, _WRONG, _SIDE, _AGAIN = 1, 2, 3, 4, 5  # slots, as those of typing_errors
_TRIES: Final = 12  # places, kinds and keys that are tried until the screen shows something else
_STEP: Final = 0.381966  # of the golden section: tries spread evenly


def telex_errors(typist: Typist, block: Block, rates: Rates, keys: NDArray[np.uint64], severity: float) -> Block:
    """Return a block of Vietnamese texts as a hasty typist would write them; keys: uint64 [texts, 2]."""
    words = typist.chosen(severity)
    draws = words.spans.draws(keys)
    columns = [draws.uniform(slot).tolist() for slot in (_KIND, _PLACE, _WRONG, _SIDE)]
    more = [draws.uniform(SLOTS + slot).tolist() for slot in (_KIND, _PLACE, _WRONG, _SIDE)]
    several = (draws.uniform(_AGAIN) < rates.several.take(np.minimum(words.letters, LONGEST))).tolist()
    hands = _Hands(rates)
    rows = zip(words.spans.strings(block), zip(*columns, strict=True), several, zip(*more, strict=True), strict=True)
    wrong = [hands.mistyped(text, [first, second] if twice else [first]) for text, first, twice, second in rows]
    return splice_strings(block, words.spans.start, words.spans.stop, wrong)


class _Hands:
    """Strikes keys wrongly, with the rates of a language."""

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._bounds = np.cumsum(rates.kinds).tolist()
        self._made = [number for number, share in enumerate(rates.kinds.tolist()) if share > 0]

    def mistyped(self, word: str, errors: Sequence[Sequence[float]]) -> str:
        """Return a word with errors, each of four uniform numbers: kind, place, wrong key, side; clean if none shows.

        Words of other scripts whose letters bear signs stay as they are.
        """
        typed = keys_of(word)
        if typed is None and any(flags()[ord(code)] & (JOINS | HARD | OPEN) for code in word):
            return word  # letters with signs of their own: a typing error does not cut one in half
        keys, modern = typed if typed is not None else (word, False)
        for error in errors:
            before = keys
            for turn in range(_TRIES):
                keys = self._struck(before, error, turn)
                screen = composed(keys, modern=modern) if typed is not None else keys
                if screen and screen not in (word, composed(before, modern=modern) if typed is not None else before):
                    break
            else:
                keys = before
        return composed(keys, modern=modern) if typed is not None else keys

    def _struck(self, keys: str, error: Sequence[float], turn: int) -> str:
        kind_drawn, place_drawn, wrong_drawn, side_drawn = error
        kind = next((number for number, bound in enumerate(self._bounds) if kind_drawn < bound), self._made[-1])
        if turn > _TRIES // 2:  # this kind of error shows nowhere
            kind = self._made[(self._made.index(kind) + turn) % len(self._made)]
        place = self._place(keys, (place_drawn + turn * _STEP) % 1.0)
        return _edited(keys, place, KINDS[kind], (wrong_drawn + turn * _STEP) % 1.0, side_drawn)

    def _place(self, keys: str, drawn: float) -> int:
        weights = [self._rates.first, *[UNIT] * (len(keys) - 2), self._rates.last][: len(keys)]
        left = drawn * sum(weights)
        for place, weight in enumerate(weights):
            left -= weight
            if left < 0:
                return place
        return len(keys) - 1


@lru_cache(maxsize=4)
def _instead(context: int) -> dict[str, list[str]]:
    return mistakes("en")[:3][context]


def _edited(keys: str, at: int, kind: str, drawn: float, side: float) -> str:
    """Return the keys with one error at a place; unchanged if that is impossible."""
    key = keys[at]
    if kind == "delete":
        return keys[:at] + keys[at + 1 :] if len(keys) > 1 else keys
    if kind == "transpose":
        return keys[:at] + keys[at + 1 : at + 2] + key + keys[at + 2 :]
    if kind == "double":
        return keys[: at + 1] + key + keys[at + 1 :]
    context = {"near": NEAR, "far": FAR, "beside": BESIDE}.get(kind, FAR)
    offered = _instead(context).get(key) or [key]
    other = keys[int(drawn * len(keys))].lower() if kind == "away" else offered[int(drawn * len(offered))]
    if kind in ("near", "far"):
        return keys[:at] + other + keys[at + 1 :]
    place = at + (side < 0.5)
    return keys[:place] + other + keys[place:]
