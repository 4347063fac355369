"""Bilingual lexicons between the eleven languages: induced from parallel text, shipped with English, other pairs by way of it.

Made by ``robustir lexicon build`` (docs/code-switching.md); each file of data/lexicons begins with its source and licence.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from robustir.disk.reading import read_lines
from robustir.errors import DataError, NotApplicableError
from robustir.languages import LANGUAGES, TURKIC_SMALL
from robustir.text.function_words import ENGLISH

__all__ = ["Lexicon", "fold", "function_words", "load_lexicon", "name_words", "read_rows", "shipped_file", "synonyms"]

_PIVOT = "en"
_KEPT = 5  # translations per word that a pivot keeps

Entry = tuple[tuple[str, float], ...]
Row = tuple[str, str, float, float]  # English, other, p(other | English), p(English | other)


def fold(word: str, lang: str) -> str:
    """Return a word as it is looked up: NFC, lower case; Turkish keeps its two letters i apart."""
    if lang == "tr":
        word = word.translate(TURKIC_SMALL)
    return word.lower() if word.isascii() else unicodedata.normalize("NFC", word.lower())


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Translations from ``source`` to ``target``. ``entries``: folded word to translations, best first."""

    source: str
    target: str
    entries: Mapping[str, Entry]

    def translations(self, word: str) -> Entry:
        """Return (translation, probability) pairs, best first; empty for an unknown word.

        The case of ``word`` does not matter. Translations have the case that they have inside a sentence (German
        nouns and names with a capital). Probabilities are at most 1 in sum; forms of one word are pooled in the most
        frequent one.
        """
        return self.entries.get(fold(word, self.source), ())


@cache
def load_lexicon(source: str, target: str) -> Lexicon:
    """Return the lexicon of a pair; a pair without English goes through it, probabilities multiplied and summed.

    Raises NotApplicableError for a pair that is not among the eleven languages or is one language twice.
    """
    if source == target or not {source, target} <= set(LANGUAGES):
        raise NotApplicableError(
            f"there is no lexicon from {source} to {target}; there is one between any two of: {', '.join(LANGUAGES)}"
        )
    if _PIVOT not in {source, target}:
        return Lexicon(source, target, _composed(load_lexicon(source, _PIVOT), load_lexicon(_PIVOT, target)))
    forward = source == _PIVOT
    pairs_of: dict[str, list[tuple[str, float]]] = {}
    for english, other, to_other, to_english in _rows(target if forward else source):
        word, translation, chance = (english, other, to_other) if forward else (other, english, to_english)
        if chance > 0:
            pairs_of.setdefault(fold(word, source), []).append((translation, chance))
    return Lexicon(source, target, {word: _ranked(dict(pairs)) for word, pairs in pairs_of.items()})


@cache
def synonyms(word: str, lang: str) -> Entry:
    """Return words of the same language that share translations with ``word``, best first, ``word`` itself left out.

    They are found by way of English and back; English words by way of all other languages, in equal parts. Raises
    NotApplicableError for a language that is not among the eleven.
    """
    through = [other for other in LANGUAGES if other != _PIVOT] if lang == _PIVOT else [_PIVOT]
    chances: dict[str, float] = {}
    for middle in through:
        back = load_lexicon(middle, lang)
        for bridge, first in load_lexicon(lang, middle).translations(word):
            for other, second in back.translations(bridge):
                chances[other] = chances.get(other, 0.0) + first * second / len(through)
    folded = fold(word, lang)
    return _ranked({other: chance for other, chance in chances.items() if fold(other, lang) != folded})


@cache
def name_words(lang: str) -> frozenset[str]:
    """Return the folded words that are probably names: their best English translation (English: they) has a capital."""
    if lang == _PIVOT:
        every = [{english for english, *_ in _rows(other)} for other in LANGUAGES if other != _PIVOT]
        votes = Counter[str]()
        for forms in every:
            votes.update({fold(word, lang): -1 if word == fold(word, lang) else 1 for word in forms})
        return frozenset(word for word, vote in votes.items() if vote > 0)
    entries = load_lexicon(lang, _PIVOT).entries
    return frozenset(word for word, entry in entries.items() if entry[0][0][:1].isupper())


@cache
def function_words(lang: str) -> frozenset[str]:
    """Return the folded words whose best English translation is a function word (English: the list itself)."""
    if lang == _PIVOT:
        return ENGLISH
    entries = load_lexicon(lang, _PIVOT).entries
    return frozenset(word for word, entry in entries.items() if entry[0][0].lower() in ENGLISH)


def _ranked(chances: Mapping[str, float]) -> Entry:
    return tuple(sorted(chances.items(), key=lambda pair: (-pair[1], pair[0])))


def _composed(first: Lexicon, second: Lexicon) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for word, bridges in first.entries.items():
        chances: dict[str, float] = {}
        for bridge, chance in bridges:
            for translation, onward in second.translations(bridge):
                chances[translation] = chances.get(translation, 0.0) + chance * onward
        if chances:
            entries[word] = _ranked(chances)[:_KEPT]
    return entries


@cache
def _rows(other: str) -> tuple[Row, ...]:
    return tuple(read_rows(shipped_file(other)))


def shipped_file(other: str) -> Path:
    """Return the shipped file of English and another language."""
    return Path(str(files("robustir.perturbations") / "data" / "lexicons" / f"en-{other}.tsv.gz"))


def _row(line: str) -> Row | None:
    """Return a line of a lexicon; None if it is not one."""
    try:
        english, other, *chances = line.split("\t")
        to_other, to_english = map(float, chances)
    except ValueError:
        return None
    fits = bool(english and other) and 0 <= to_other <= 1 and 0 <= to_english <= 1
    return (english, other, to_other, to_english) if fits else None


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a lexicon file: English word, other word, p(other | English), p(English | other).

    Raises DataError if the file is missing or a line is malformed.
    """
    for number, line in read_lines(path, advice="make it with  robustir lexicon build"):
        if line.startswith("#"):
            continue
        row = _row(line)
        if row is None:
            raise DataError(f"{path}:{number}: expected four fields: two words and two probabilities")
        yield row
