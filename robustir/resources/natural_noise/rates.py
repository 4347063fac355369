"""Rates of natural errors, as the perturbation ``typos`` reads them: kinds of edit, places, word lengths, side errors."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from robustir.disk.atomic import write_text_atomically
from robustir.errors import DataError
from robustir.perturbations.typing.rates import KINDS, LONGEST
from robustir.resources.natural_noise.kinds import LETTER_KINDS, edits_of, near_keys
from robustir.resources.natural_noise.pairs import Pairs
from robustir.text.alignment import alignment

__all__ = ["count_rates", "write_rates"]

_KIND_OF: Final = {
    "deletion": "delete",
    "double reduced": "delete",
    "neighbour substituted": "near",
    "far substituted": "far",
    "neighbour inserted": "beside",
    "far inserted": "away",
    "letter doubled": "double",
    "transposition": "transpose",
}
_RUNNING = 0.9  # share of words with an error from which on a file is a list of errors, not running text
_SUBSTITUTED = 2_000  # far substitutions from which on letters have confusions of their own
_CONFUSED = 12  # how often a letter must stand for another one to be its confusion
_DIGITS = 4


class _Counts:
    """What natural pairs hold, summed up."""

    def __init__(self, pairs: Pairs, lang: str) -> None:
        self.kinds: Counter[str] = Counter()
        self.places: Counter[str] = Counter()
        self.chances: Counter[str] = Counter()  # letters of erroneous words by place, and those beside the same letter
        self.words, self.wrong, self.several = (np.zeros(LONGEST + 1, dtype=np.int64) for _ in range(3))
        self.confused: Counter[tuple[str, str]] = Counter()
        self.letters: Counter[str] = Counter()
        self.sides: Counter[str] = Counter()
        for clean, noisy in zip(pairs.clean, pairs.noisy, strict=True):
            self._add(clean, noisy, lang)

    def _add(self, clean: str, noisy: str, lang: str) -> None:
        spans, found = edits_of(clean, noisy, lang)
        edits = Counter(edit.word for edit in found if edit.kind in LETTER_KINDS and edit.word >= 0)
        for number, (start, stop) in enumerate(spans):
            length = min(stop - start, LONGEST)
            self.words[length] += 1
            self.wrong[length] += edits[number] > 0
            self.several[length] += edits[number] > 1
            if edits[number] and stop - start > 2:
                self._count_chances(clean[start:stop].lower())
        for edit in found:
            self.kinds[_KIND_OF.get(edit.kind, "")] += 1
            self.kinds[edit.kind] += 1
            if edit.place and spans[edit.word][1] - spans[edit.word][0] > 2:
                self.places[edit.place] += 1
        self.confused.update(_substituted(clean, noisy, near_keys(lang)))
        self.letters.update(clean.lower())
        self.sides.update(_sides(clean, noisy))

    def _count_chances(self, word: str) -> None:
        self.chances.update(first=1, middle=len(word) - 2, last=1)
        same = sum(letter in (word[at - 1 : at], word[at + 1 : at + 2]) for at, letter in enumerate(word))
        self.chances.update(doubled=same, single=len(word) - same)

    def per_chance(self, place: str) -> float:
        """Return how often letters at a place are edited, seen from those in the middle."""
        return (self.places[place] / self.chances[place]) / (self.places["middle"] / self.chances["middle"])

    def doubled(self) -> float:
        """Return how often one of two equal letters is left out, seen from other letters."""
        reduced = self.kinds["double reduced"] / max(1, self.chances["doubled"])
        return reduced / (self.kinds["deletion"] / self.chances["single"])


def _substituted(clean: str, noisy: str, near: Mapping[str, Collection[str]]) -> Iterator[tuple[str, str]]:
    """Yield the letters that stand for others, except those of neighbouring keys."""
    for edit in alignment(clean, noisy) if clean != noisy else ():
        pair = (clean[edit.clean : edit.clean + 1].lower(), noisy[edit.noisy : edit.noisy + 1].lower())
        if (
            edit.kind == "substitution"
            and all(map(str.isalpha, pair))
            and pair[1] not in {pair[0], *near.get(pair[0], ())}
        ):
            yield pair


def _sides(clean: str, noisy: str) -> Iterator[str]:
    """Yield what could be lost beside letters (capital, space, final), and what was (lost capital ...)."""
    edits = alignment(clean, noisy) if clean != noisy else []
    lost = {edit.clean for edit in edits if edit.kind == "deletion"}
    lowered = {
        edit.clean
        for edit in edits
        if edit.kind == "substitution" and noisy[edit.noisy] == clean[edit.clean].lower() != clean[edit.clean]
    }
    for at, character in enumerate(clean):
        if character.isupper() and clean[at - 1 : at] in ("", " "):
            yield from ("capital", *(["lost capital"] if at in lowered else []))
        if character == " ":
            yield from ("space", *(["lost space"] if at in lost else []))
    if clean and clean[-1] in ".?!":
        yield from ("final", *(["lost final"] if len(clean) - 1 in lost else []))


def count_rates(pairs: Pairs, lang: str, source: str) -> dict[str, Any]:
    """Return the content of a file of rates.

    kinds: shares; first, last: how often a first or last letter is edited, seen from one in the middle; doubled: the same
    of leaving out one of two equal letters. Of running text also: words and several, by word length, the share of words with
    an error and that of erroneous words with more than one; sides: how often a capital, a space, a final mark is lost, seen
    from the share of words with an error. Of large lists of errors instead: confusions, the letters that stand for others.
    """
    counts = _Counts(pairs, lang)
    total = sum(counts.kinds[kind] for kind in KINDS)
    if not (counts.places["middle"] and counts.kinds["deletion"]):
        raise DataError(
            f"{source}: too few errors to count rates (words of three letters and more need an edit in the middle, and a "
            "letter left out); give more texts"
        )
    content: dict[str, Any] = {
        "language": lang,
        "source": source,
        "made by": "robustir naturalness --rates",
        "edits": total,
        "kinds": {kind: round(counts.kinds[kind] / total, _DIGITS) for kind in KINDS},
        "first": round(counts.per_chance("first"), _DIGITS),
        "last": round(counts.per_chance("last"), _DIGITS),
        "doubled": round(counts.doubled(), _DIGITS),
    }
    share = counts.wrong.sum() / counts.words.sum()
    if share < _RUNNING:
        content["words"] = _rising(counts.wrong, counts.words)
        content["several"] = _rising(counts.several, counts.wrong)
        content["sides"] = {
            side: round(counts.sides[f"lost {side}"] / max(1, counts.sides[side]) / share, _DIGITS)
            for side in ("capital", "space", "final")
        }
    if sum(counts.confused.values()) > _SUBSTITUTED:
        content["confusions"] = _confusions(counts.confused)
        content["prone"] = _prone(counts)
    return content


def _rising(events: np.ndarray[Any, np.dtype[np.int64]], chances: np.ndarray[Any, np.dtype[np.int64]]) -> list[float]:
    """Return the shares by word length 1, 2, 3 ..., smoothed to the nearest curve that never falls."""
    from scipy.optimize import isotonic_regression

    found = isotonic_regression(events[1:] / np.maximum(chances[1:], 1), weights=np.maximum(chances[1:], 0.01)).x
    return [round(float(value), _DIGITS) for value in found]


def _confusions(confused: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (letter, other), count in sorted(confused.items(), key=lambda item: (item[0][0], -item[1], item[0][1])):
        if count >= _CONFUSED:
            found.setdefault(letter, {})[other] = count
    return found


def _prone(counts: _Counts) -> dict[str, float]:
    """Return how often each letter is confused, seen from the mean of all letters."""
    confused: Counter[str] = Counter()
    for (letter, _), count in counts.confused.items():
        confused[letter] += count
    known = sorted(letter for letter in counts.letters if letter.isalpha())
    mean = confused.total() / sum(counts.letters[letter] for letter in known)
    return {letter: round(confused[letter] / counts.letters[letter] / mean, 2) for letter in known}


def write_rates(path: Path, content: dict[str, Any]) -> None:
    """Write a file of rates; the same pairs give the same bytes."""
    shown = json.dumps(content, indent=1, ensure_ascii=False)
    shown = re.sub(r"\[[^\[\]]+\]|(?<=: )\{[^{}]+\}", lambda found: " ".join(found.group().split()), shown)
    write_text_atomically(path, shown + "\n")
