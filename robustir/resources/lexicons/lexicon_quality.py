"""How good an induced lexicon is: precision and coverage on frequent English words against a reference dictionary."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from robustir.perturbations.tables.lexicons import Row, fold
from robustir.resources.lexicons.lemmas import to_simplified
from robustir.resources.parallel_text import required_lines
from robustir.text.function_words import ENGLISH

__all__ = ["Quality", "compared", "content_words", "evaluate_lexicon", "read_reference"]


@dataclass(frozen=True, slots=True)
class Quality:
    """Counts over the words that the reference lists.

    judged: words of the reference; covered: those that the lexicon translates; right: those whose first translation the
    reference lists.
    """

    judged: int
    covered: int
    right: int

    @property
    def precision(self) -> float:
        """Share of the translated words whose first translation is listed."""
        return self.right / self.covered if self.covered else 0.0

    @property
    def coverage(self) -> float:
        """Share of the reference's words that the lexicon translates."""
        return self.covered / self.judged if self.judged else 0.0


def content_words(frequency: Path, number: int = 2000) -> list[str]:
    """Return the ``number`` most frequent English words of two or more letters, without function words."""
    words = (line.split(" ")[0] for line in required_lines(frequency))
    return [word for word in words if len(word) > 1 and word.isascii() and word.isalpha() and word not in ENGLISH][
        :number
    ]


def read_reference(path: Path, lang: str) -> dict[str, set[str]]:
    """Return the folded translations of each English word; copies such as ``the the`` are left out.

    Arabic is compared without vowel marks and hamzas, Hindi without nuktas, as the reference often writes them, Chinese in
    simplified characters: the reference is mostly traditional, the lexicon simplified. Raises MissingExtraError if the
    conversion for Chinese is not installed.
    """
    found: dict[str, set[str]] = {}
    convert = to_simplified() if lang == "zh" else str
    for line in required_lines(path):
        english, _, other = line.replace("\t", " ").strip().partition(" ")
        pair = fold(english, "en"), compared(convert(other.strip()), lang)
        if other and pair[0] != pair[1]:
            found.setdefault(pair[0], set()).add(pair[1])
    return found


def evaluate_lexicon(rows: Iterable[Row], reference: dict[str, set[str]], words: Iterable[str], lang: str) -> Quality:
    """Return precision and coverage of a lexicon (rows as :func:`robustir.perturbations.tables.lexicons.read_rows` gives)."""
    best: dict[str, tuple[float, str]] = {}
    for english, other, chance, _ in rows:
        word = fold(english, "en")
        if chance > 0 and (word not in best or (-chance, other) < best[word]):
            best[word] = (-chance, other)
    judged = [word for word in words if word in reference]
    covered = [word for word in judged if word in best]
    right = sum(compared(best[word][1], lang) in reference[word] for word in covered)
    return Quality(len(judged), len(covered), right)


def compared(word: str, lang: str) -> str:
    """Return a word as it is compared with a reference: folded, without marks that the references write or leave out."""
    folded = fold(word, lang)
    if lang not in {"ar", "hi"}:
        return folded
    marks = unicodedata.normalize("NFD", folded)
    return "".join(
        letter for letter in marks if not (unicodedata.combining(letter) and (lang == "ar" or letter == "\u093c"))
    )
