"""The profile of noise: kinds of edit, places in words, words by length; and the distance between two profiles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import log2, sqrt
from typing import Any, Final

from robustir.resources.natural_noise.kinds import LETTER_KINDS, PLACES, SIDE_KINDS, edits_of
from robustir.text.alignment import alignment

__all__ = ["LENGTHS", "Profile", "distances", "jensen_shannon", "length_class"]

LENGTHS: Final = ("1-3", "4-6", "7-9", "10+")


def length_class(letters: int) -> str:
    """Return the class of a word's length, one of LENGTHS."""
    return LENGTHS[min((letters - 1) // 3, 3)]


@dataclass(slots=True)
class Profile:
    """What noise did to texts: counts of edits by kind, of letter edits by place, of words and erroneous words by length.

    A word is erroneous if a letter of it was edited (LETTER_KINDS); case, spaces, marks and whole words are counted apart.
    letters: clean letters; edits: all edits of the alignment; real: erroneous words that are a word of the dictionary
    (known: those that could be looked up).
    """

    texts: int = 0
    changed: int = 0
    letters: int = 0
    edits: int = 0
    several: int = 0
    function: int = 0
    real: int = 0
    known: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    erroneous: Counter[str] = field(default_factory=Counter)

    @property
    def word_rate(self) -> float:
        """The share of words with an error in a letter."""
        return sum(self.erroneous.values()) / max(1, sum(self.words.values()))

    def add(
        self, clean: str, noisy: str, lang: str, functions: Collection[str], dictionary: Collection[str] | None
    ) -> None:
        """Count one pair of texts."""
        spans, found = edits_of(clean, noisy, lang)
        self.texts += 1
        self.changed += clean != noisy
        self.letters += sum(stop - start for start, stop in spans)
        self.edits += len(alignment(clean, noisy))
        self.kinds.update(edit.kind for edit in found)
        self.places.update(edit.place for edit in found if edit.place)
        self.words.update(length_class(stop - start) for start, stop in spans)
        wrong = Counter(edit.word for edit in found if edit.kind in LETTER_KINDS and edit.word >= 0)
        self.several += sum(count > 1 for count in wrong.values())
        self.erroneous.update(length_class(spans[word][1] - spans[word][0]) for word in wrong)
        self.function += sum(clean[slice(*spans[word])].lower() in functions for word in wrong)
        if dictionary is not None and wrong:
            self._look_up(clean, noisy, [spans[word] for word in wrong], dictionary)

    def _look_up(self, clean: str, noisy: str, spans: Sequence[tuple[int, int]], dictionary: Collection[str]) -> None:
        places = _noisy_places(clean, noisy)
        self.known += len(spans)
        self.real += sum(noisy[places[start] : places[stop]].lower().strip() in dictionary for start, stop in spans)

    def shares(self, kinds: Sequence[str]) -> dict[str, float]:
        """Return the share of each kind among these kinds."""
        total = max(1, sum(self.kinds[kind] for kind in kinds))
        return {kind: self.kinds[kind] / total for kind in kinds}

    def place_shares(self) -> dict[str, float]:
        """Return the share of each place among the edited letters."""
        total = max(1, sum(self.places.values()))
        return {place: self.places[place] / total for place in PLACES}

    def length_shares(self) -> dict[str, float]:
        """Return the share of each length among the erroneous words."""
        total = max(1, sum(self.erroneous.values()))
        return {length: self.erroneous[length] / total for length in LENGTHS}

    def length_rates(self) -> dict[str, float]:
        """Return the share of words with an error, by length."""
        return {length: self.erroneous[length] / max(1, self.words[length]) for length in LENGTHS}

    def as_row(self) -> dict[str, Any]:
        """Return the profile as plain values: shares of letter edits, rates per word and per text."""
        wrong = max(1, sum(self.erroneous.values()))
        words = max(1, sum(self.words.values()))
        return {
            "texts": self.texts,
            "changed": self.changed / max(1, self.texts),
            "words with an error": self.word_rate,
            "edits per letter": self.edits / max(1, self.letters),
            "kinds": self.shares(LETTER_KINDS),
            "places": self.place_shares(),
            "errors by word length": self.length_rates(),
            "erroneous words by length": self.length_shares(),
            "several errors in a word": self.several / wrong,
            "function words": self.function / wrong,
            "real words": self.real / self.known if self.known else None,
            "beside letters, per 100 words": {kind: 100 * self.kinds[kind] / words for kind in SIDE_KINDS},
        }


def _noisy_places(clean: str, noisy: str) -> list[int]:
    """Return for every position of the clean text where it is in the noisy one; of an insertion, where it begins or ends."""
    shift, places = 0, []
    edits = iter([*alignment(clean, noisy), None])
    edit = next(edits)
    for position in range(len(clean) + 1):
        inside = position > 0 and clean[position - 1].isalnum()
        while edit is not None and edit.kind == "insertion" and edit.clean == position and inside:
            shift, edit = shift + 1, next(edits)
        places.append(position + shift)
        while edit is not None and edit.clean == position:
            shift += {"insertion": 1, "deletion": -1}.get(edit.kind, 0)
            edit = next(edits)
    return places


def jensen_shannon(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Return the Jensen-Shannon distance of two distributions: the root of the divergence in bits, 0 (equal) to 1 (disjoint)."""
    total = 0.0
    for key in {**one, **other}:
        left, right = one.get(key, 0.0), other.get(key, 0.0)
        middle = (left + right) / 2
        total += sum(share * log2(share / middle) for share in (left, right) if share > 0) / 2
    return sqrt(max(0.0, total))


def distances(one: Profile, other: Profile) -> dict[str, float]:
    """Return the Jensen-Shannon distances of kinds of letter edits, of their places, of erroneous words by length; and the mean."""
    found = {
        "kinds": jensen_shannon(one.shares(LETTER_KINDS), other.shares(LETTER_KINDS)),
        "places": jensen_shannon(one.place_shares(), other.place_shares()),
        "lengths": jensen_shannon(one.length_shares(), other.length_shares()),
    }
    return found | {"mean": sum(found.values()) / len(found)}
