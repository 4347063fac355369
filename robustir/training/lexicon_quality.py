"""How good an induced lexicon is: precision and coverage on frequent English words against a reference dictionary."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from robustir.errors import DataError
from robustir.perturbations.lexicons import Row, fold

__all__ = ["Quality", "content_words", "evaluate_lexicon", "read_reference"]

# English function words in their written forms, with the fragments that subtitles' tokenisation leaves of contractions.
_STOP = frozenset(
    """a about above after again against ain all also am an and any are aren as at be because been before being below
    between both but by can cannot could couldn d did didn do does doesn doing don down during each either else em ever
    few for from further get gets gonna gotta got had hadn has hasn have haven having he her here hers herself hey him
    himself his how i if in into is isn it its itself just let ll m ma may me might more most must my myself na neither
    no nor not now of off oh on once only onto or other our ours ourselves out over own re s same shall shan she should
    shouldn so some such t ta than that the their theirs them themselves then there these they this those though through
    to too uh um under until up upon us ve very wanna was wasn we were weren what when where which while who whom whose
    why will with within without won would wouldn y yeah yes yet you your yours yourself yourselves""".split()
)


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
    """Return the ``number`` most frequent English words that are letters only, two at least, and no function words."""
    words = (line.split(" ")[0] for line in _lines(frequency))
    return [word for word in words if len(word) > 1 and word.isascii() and word.isalpha() and word not in _STOP][
        :number
    ]


def read_reference(path: Path, lang: str) -> dict[str, set[str]]:
    """Return the folded translations of each English word; copies such as ``the the`` are left out."""
    found: dict[str, set[str]] = {}
    for line in _lines(path):
        english, _, other = line.replace("\t", " ").strip().partition(" ")
        pair = fold(english, "en"), fold(other.strip(), lang)
        if other and pair[0] != pair[1]:
            found.setdefault(pair[0], set()).add(pair[1])
    return found


def evaluate_lexicon(rows: Iterable[Row], reference: dict[str, set[str]], words: Iterable[str], lang: str) -> Quality:
    """Return precision and coverage of a lexicon (rows as :func:`robustir.perturbations.lexicons.read_rows` gives)."""
    best: dict[str, tuple[float, str]] = {}
    for english, other, chance, _ in rows:
        word = fold(english, "en")
        if chance > 0 and (word not in best or (-chance, other) < best[word]):
            best[word] = (-chance, other)
    judged = [word for word in words if word in reference]
    covered = [word for word in judged if word in best]
    right = sum(fold(best[word][1], lang) in reference[word] for word in covered)
    return Quality(len(judged), len(covered), right)


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise DataError(f"there is no file {path}; give the data folder with --data or ROBUSTIR_DATA")
    return path.read_text(encoding="utf-8").splitlines()
