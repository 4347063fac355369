"""Natural noise beside perturbations of the same texts: their profiles and distances."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robustir.errors import DataError
from robustir.noise.applying import perturb
from robustir.perturbations.stopwords import function_words
from robustir.resources.natural_noise.pairs import Pairs, read_pairs
from robustir.resources.natural_noise.profile import Profile, distances
from robustir.resources.natural_noise.word_profile import WordProfile, word_distances
from robustir.types import QuerySet

__all__ = ["FREQUENT", "NATURAL", "Compared", "Reader", "frequent_words"]

NATURAL = "natural"
FREQUENT = 50_000  # words of a frequency list that count as a dictionary; rarer ones are typing errors too


@dataclass(frozen=True, slots=True)
class Compared:
    """One kind of noise: its name, its profile, and its distances from the natural one (None for that itself).

    severity: that of a perturbation, None for what was recorded.
    """

    name: str
    severity: float | None
    profile: Profile | WordProfile
    distances: dict[str, float] | None

    def as_row(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "noise": self.name,
            "severity": self.severity,
            **self.profile.as_row(),
            "distance": self.distances,
        }


class Reader:
    """Compares noise in one language with natural pairs.

    dictionary: the words that count as real, if known; whole: whether whole words are counted, as recognisers of speech
    err, instead of letters (a dictionary is needed then).
    """

    def __init__(
        self, pairs: Pairs, lang: str, dictionary: Collection[str] | None = None, *, whole: bool = False
    ) -> None:
        self._pairs, self._lang = pairs, lang
        self._dictionary, self._whole = dictionary, whole
        self._functions = function_words(lang)
        self.natural = self.profile(zip(pairs.clean, pairs.noisy, strict=True))

    def profile(self, pairs: Iterable[tuple[str, str]]) -> Profile | WordProfile:
        """Return the profile of clean and noisy texts."""
        if self._whole:
            of_words = WordProfile()
            for clean, noisy in pairs:
                of_words.add(clean, noisy, self._lang, self._dictionary or ())
            return of_words
        profile = Profile()
        for clean, noisy in pairs:
            profile.add(clean, noisy, self._lang, self._functions, self._dictionary)
        return profile

    def _compared(self, name: str, severity: float | None, found: Profile | WordProfile) -> Compared:
        natural = self.natural
        if isinstance(natural, WordProfile) and isinstance(found, WordProfile):
            return Compared(name, severity, found, word_distances(natural, found))
        if isinstance(natural, Profile) and isinstance(found, Profile):
            return Compared(name, severity, found, distances(natural, found))
        raise TypeError("profiles of letters and of words do not compare")

    def itself(self) -> Compared:
        """Return the natural noise."""
        return Compared(NATURAL, None, self.natural, None)

    def perturbation(self, spec: str, severity: float | None, draws: int) -> Compared:
        """Return what a perturbation makes of the clean texts; by default at the natural share of erroneous words."""
        chosen = min(1.0, self.natural.word_rate) if severity is None else severity
        queries = QuerySet.from_texts(self._pairs.clean, lang=self._lang)
        noisy = [text for draw in range(draws) for text in perturb(queries, spec, severity=chosen, draw=draw).texts]
        found = self.profile(zip(self._pairs.clean * draws, noisy, strict=True))
        return self._compared(spec, chosen, found)

    def recorded(self, name: str, path: Path, clean: Path | None) -> Compared:
        """Return other noise of the same clean texts, from a file as the natural one's."""
        pairs = read_pairs(path, clean)
        if pairs.clean != self._pairs.clean:
            raise DataError(
                f"{path} holds noise of other clean texts than the natural pairs; give noise of the same texts"
            )
        found = self.profile(zip(pairs.clean, pairs.noisy, strict=True))
        return self._compared(name, None, found)


def frequent_words(path: Path) -> frozenset[str]:
    """Return the first FREQUENT words of a list with one word per line, which may be followed by its count."""
    from robustir.disk.reading import read_text

    lines: Sequence[str] = read_text(path).split("\n")[:FREQUENT]
    return frozenset(line.split()[0].lower() for line in lines if line.strip())
