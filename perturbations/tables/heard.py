"""What a speech recogniser takes words for: near-sounding words of its vocabulary, two words for one, one for two.

One file per language in ``data/asr``, made by ``robustir asr build``: the vocabulary, most frequent words first, each with
the words of the same or a near sound. A word beyond the vocabulary, such as a name, is taken for words of it that are
spelled like it, sound by sound. Rates are in ``data/recognition_rates``, counted by ``robustir naturalness --words --rates``.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Final
from unicodedata import normalize

import regex

from robustir.languages import has_spaces
from robustir.perturbations.stopwords import function_words
from robustir.perturbations.tables.greeklish import greeklish
from robustir.perturbations.tables.lexicons import fold
from robustir.perturbations.tables.pinyin_readings import readings
from robustir.perturbations.tables.romanisation import arabic, hindi
from robustir.perturbations.tables.rtgs import thai
from robustir.perturbations.typing.keyboards import read_data

__all__ = ["CLASSES", "KINDS", "HeardWords", "RecognitionRates", "heard_words", "recognition_rates"]

CLASSES: Final = ("function", "frequent", "common", "known", "unknown", "number")
KINDS: Final = ("replaced", "split", "joined", "left out")
_RANKS: Final = (1_000, 4_000)  # frequent words, common words
_POOLED: Final = "en"
_SPELLED: Final = 3  # words that one beyond the vocabulary may be taken for
_ALIKE: Final = 0.5  # of its sounds, at least
_HALF: Final = 3  # letters of each part of a word that is heard as two
_PLAIN: Final = 2_500  # words that may be a part of another one
_LONG: Final = 9  # letters of a word that is heard as any two words, if it is like none
_ADDED: Final = 12  # function words that are heard where there are none
_POSSESSIVE: Final = ("'s", "’s")

_Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class RecognitionRates:
    """Rates of a recogniser's errors. wrong: the share of wrong words; classes: the same by CLASSES; function, content: shares
    of KINDS among wrong words; added: words added for each wrong one; sides: shares of capitals and marks that are lost.
    """

    wrong: float
    classes: dict[str, float]
    function: dict[str, float]
    content: dict[str, float]
    added: float
    sides: dict[str, float]


@cache
def recognition_rates() -> RecognitionRates:
    """Return the rates that were counted, of English: no natural errors of other languages are at hand."""
    raw: dict[str, Any] = read_data("recognition_rates", f"{_POOLED}.json")
    return RecognitionRates(**{name: raw[name] for name in RecognitionRates.__dataclass_fields__})


@cache
def heard_words(lang: str) -> HeardWords:
    """Return the vocabulary of a language."""
    raw = (files("robustir.perturbations") / "data" / "asr" / f"{lang}.tsv.gz").read_bytes()
    return HeardWords(lang, gzip.decompress(raw).decode("utf-8").splitlines())


class HeardWords:
    """The words of a recogniser, and what it takes them for."""

    def __init__(self, lang: str, lines: Sequence[str]) -> None:
        self._lang = lang
        rows = [line.split("\t") for line in lines if not line.startswith("#")]
        self._words = [row[0] for row in rows]
        self._folded = [fold(word, lang) for word in self._words]
        self._number = {word: place for place, word in reversed([*enumerate(self._folded)])}
        self._others = [row[1] if len(row) > 1 else "" for row in rows]
        self._pairs = [row[2] if len(row) > 2 else "" for row in rows]
        self._functions = function_words(lang)
        self._spaced = has_spaces(lang)

    def listed(self) -> list[str]:
        """Return the folded words of the vocabulary, the most frequent first."""
        return self._folded

    def class_of(self, word: str) -> str:
        """Return the class of a folded word, one of CLASSES."""
        if any(map(str.isdigit, word)):
            return "number"
        if word in self._functions:
            return "function"
        rank = self._number.get(word, self._number.get(_bare(word), -1))
        if rank < 0:
            return "unknown"
        return "frequent" if rank < _RANKS[0] else "common" if rank < _RANKS[1] else "known"

    def usual(self, folded: str) -> str:
        """Return a word as it is written inside a sentence, or "" if it is not in the vocabulary."""
        place = self._number.get(folded, -1)
        return self._words[place] if place >= 0 else ""

    def instead(self, folded: str) -> tuple[str, ...]:
        """Return the words that a folded word is taken for, nearest first."""
        place = self._number.get(folded, -1)
        if place >= 0:
            return tuple(self._words[int(other)] for other in self._others[place].split())
        bare = _bare(folded)
        if bare != folded:
            inside = self.usual(bare) or bare
            return (f"{inside}s", *self.instead(bare)[:_SPELLED])
        if self._lang == "zh":
            return tuple(dict.fromkeys(self._by_characters(folded)))
        return tuple(self._words[other] for other in self._spelled_like(folded))

    def split(self, folded: str) -> tuple[str, ...]:
        """Return the pairs of words, with a space between them, that a folded word is taken for, nearest first."""
        place = self._number.get(folded, -1)
        if place >= 0:
            pairs = (pair.split("_") for pair in self._pairs[place].split())
            return tuple(f"{self._words[int(one)]} {self._words[int(other)]}" for one, other in pairs)
        return tuple(self._cut(folded)) if self._spaced and _bare(folded) == folded else ()

    def joined(self, one: str, other: str) -> str:
        """Return the word that two folded words are taken for, or "": it is spelled as both, or sounds so."""
        place = self._number.get(one + other, -1)
        if place < 0:
            place = self._joined_by_sound.get((self._number.get(one, -1), self._number.get(other, -1)), -1)
        if place < 0 and not self._spaced:
            between = " " if self._lang == "zh" else ""  # between syllables of pinyin
            place = self._by_sound.get(_spelled(one, self._lang) + between + _spelled(other, self._lang), -1)
            if place >= 0 and self._folded[place] in (one, other, one + other):
                place = -1
        return self._words[place] if place >= 0 else ""

    @cached_property
    def added(self) -> tuple[str, ...]:
        """The function words that are heard where there are none, the most frequent first."""
        listed = set(read_data("stopwords", f"{self._lang}.json")["words"].split())
        return tuple(word for word in self._words if fold(word, self._lang) in listed)[:_ADDED]

    @cached_property
    def _joined_by_sound(self) -> dict[_Pair, int]:
        found: dict[_Pair, int] = {}
        for place, pairs in enumerate(self._pairs):
            for pair in pairs.split():
                one, other = pair.split("_")
                found.setdefault((int(one), int(other)), place)
        return found

    @cached_property
    def _sounds(self) -> list[str]:
        """The words as rough spellings of their sounds."""
        return [_spelled(word, self._lang) for word in self._folded]

    @cached_property
    def _by_sound(self) -> dict[str, int]:
        """The most frequent word of each sound, as it is spelled in Latin letters; of Thai and Chinese."""
        return {sounds: place for place, sounds in reversed([*enumerate(self._sounds)])}

    def _by_characters(self, word: str) -> Iterator[str]:
        """Yield what a Chinese word is taken for: words that sound like parts of it, and between them single characters.

        Of a single character first the nearest is taken, then the next ones.
        """
        for rank in range(_SPELLED):
            heard, at = "", 0
            while at < len(word):
                size = next((size for size in (3, 2) if self._sounding(word[at : at + size], size) >= 0), 1)
                place = self._sounding(word[at : at + size], size)
                others = self.instead(word[at]) if place < 0 and word[at] in self._number else ()
                heard += self._words[place] if place >= 0 else others[rank] if rank < len(others) else word[at]
                at += size
            if heard != word:
                yield heard

    def _sounding(self, part: str, size: int) -> int:
        """Return the number of the word that sounds like some characters, -1 if there is none."""
        return self._by_sound.get(_spelled(part, self._lang), -1) if len(part) == size > 1 else -1

    @cached_property
    def _skeletons(self) -> dict[str, list[int]]:
        """Words by their consonants, with one of them left out too."""
        found: dict[str, list[int]] = {}
        for place, sounds in enumerate(self._sounds):
            for key in _near_keys(_skeleton(sounds)):
                found.setdefault(key, []).append(place)
        return found

    def _spelled_like(self, word: str) -> list[int]:
        """Return the words whose sounds are spelled most like a word's."""
        from rapidfuzz.distance import Levenshtein
        from rapidfuzz.process import extract

        sounds = _spelled(word, self._lang)
        skeleton = _skeleton(sounds)
        if len(skeleton) < 2:
            return []
        near = sorted({place for key in _near_keys(skeleton) for place in self._skeletons.get(key, ())})
        ranked = extract(
            sounds,
            [self._sounds[place] for place in near],
            scorer=Levenshtein.normalized_similarity,
            processor=None,
            limit=_SPELLED,
            score_cutoff=_ALIKE,
        )
        return [near[place] for _, _, place in ranked]

    def _cut(self, word: str) -> Iterator[str]:
        """Yield two words that are spelled like a word: its beginning and its rest, one of them exactly if there are such."""
        near = []
        for cut in range(len(word) - _HALF, _HALF - 1, -1):
            first, rest = self._plain(word[:cut]), self._plain(word[cut:])
            if first or rest:
                before = first or [place for place in self._spelled_like(word[:cut]) if place < _PLAIN][:1]
                after = rest or [place for place in self._spelled_like(word[cut:]) if place < _PLAIN][:1]
                near += [(one, other) for one in before for other in after]
        if not near and len(word) >= _LONG:
            half = len(word) // 2
            near = [*zip(self._spelled_like(word[:half])[:1], self._spelled_like(word[half:])[:1], strict=False)]
        yield from (f"{self._words[one]} {self._words[other]}" for one, other in near[:_SPELLED])

    def _plain(self, word: str) -> list[int]:
        """Return the number of a word, if it is frequent and has no capital."""
        place = self._number.get(word, _PLAIN)
        return [place] if place < _PLAIN and self._words[place] == word else []


def _bare(word: str) -> str:
    return word[:-2] if word.endswith(_POSSESSIVE) and len(word) > 3 else word


_RULES: Final = tuple(
    (regex.compile(pattern), sound)
    for pattern, sound in (
        ("sch|tch|sh|ch|ş|ç|ž|š", "S"), ("ph", "f"), ("th", "t"), ("ck|qu?|kh|c(?![eiyíéS])", "k"), ("c|ß", "s"), ("x", "ks"),
        ("(?<=.)h|ğ", ""), ("y(?![aeiou])", "i"), (r"(.)\1+", r"\1"),
    )
)  # fmt: skip
_VOICED: Final = str.maketrans("bdgvzjw", "ptkfsSf")
_NO_CONSONANT: Final = regex.compile("[^\\p{L}]+|[aeiouyıæœøɨ]+")


@cache
def _latin(lang: str) -> Callable[[str], str]:
    """Return how words of a language are written in Latin letters."""
    if lang == "zh":
        return lambda word: " ".join(readings(word)) or word
    if lang in ("th", "hi", "ar"):
        return {"th": thai, "hi": hindi, "ar": arabic}[lang]
    if lang in ("el", "ru"):
        schemes: dict[str, dict[str, str]] = read_data("transliterate", f"{lang}.json")["schemes"]
        if lang == "el":
            return lambda word: greeklish(word, schemes["greeklish"])
        return lambda word: "".join(schemes["informal"].get(letter, letter) for letter in _unmarked(word))
    return _unmarked


def _unmarked(word: str) -> str:
    return "".join(part for part in normalize("NFD", word) if not "\u0300" <= part <= "\u036f").replace("đ", "d")


@cache
def _spelled(word: str, lang: str) -> str:
    """Return a folded word as a rough spelling of its sounds."""
    spelled = _latin(lang)(word).lower()
    if lang == "zh":
        return spelled
    for pattern, sound in _RULES:
        spelled = pattern.sub(sound, spelled)
    return spelled.translate(_VOICED)


def _skeleton(spelled: str) -> str:
    return str(_NO_CONSONANT.sub("", spelled))


def _near_keys(skeleton: str) -> list[str]:
    """Return a skeleton, and what is left of one of three consonants or more without each of them."""
    if len(skeleton) < 3:
        return [skeleton]
    return [skeleton, *(skeleton[:place] + skeleton[place + 1 :] for place in range(len(skeleton)))]
