"""Words in the wrong case: without capitals, in capitals, with a capital each, at random."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import ClassVar

import numpy as np
import regex
from numpy.typing import NDArray

from robustir.errors import SpecError
from robustir.languages import TURKIC_SMALL
from robustir.perturbations.shared.numbered_units import Units, letter_units
from robustir.perturbations.shared.rule_based import RuleBased
from robustir.seeds import Stream
from robustir.text.blocks import Block
from robustir.text.splices import splice_strings

__all__ = ["MODES", "Casing", "lowered", "raised"]

MODES = ("lower", "upper", "title", "first", "random")
_FORM = 1  # slot
_TONOS = str.maketrans("άέήίόύώΆΈΉΊΌΎΏΐΰ", "αεηιουωΑΕΗΙΟΥΩϊϋ")
_HIATUS = regex.compile("(?<=[άέήίόύώΆΈΉΊΌΎΏ])[ιυΙΥ]")  # the tonos tells that the two are read apart
_APART = {"ι": "ϊ", "υ": "ϋ", "Ι": "Ϊ", "Υ": "Ϋ"}
_FINAL_SIGMA = regex.compile(r"(?<=\p{L})σ\b")


class Casing(RuleBased):
    """The case of words is wrong, as in chats, in headlines or with caps lock on.

    A word that the mode would not change ("bridge" under ``lower``) is not eligible. Turkish pairs i/İ and ı/I, Greek
    capitals lose the tonos (άυλος ΑΫΛΟΣ: the dialytika keeps the vowels apart; the word ή is Ή), a small sigma at the end of
    a word is ς, and German ß becomes SS. Outside Turkish İ becomes i, without a dot above the dot.

    Args:
        mode: lower; upper; title (one capital, the rest small); first (the case of the first letter is turned); random
            (the case of each letter is turned with a chance of one half).

    Raises:
        SpecError: for another mode.
    """

    name: ClassVar[str] = "casing"
    version: ClassVar[str] = "2"
    languages: ClassVar[frozenset[str] | None] = frozenset(("de", "el", "en", "es", "ru", "tr", "vi"))
    claims: ClassVar[frozenset[str]] = frozenset(
        {"keeps-names", "keeps-numbers", "keeps-negations", "writes-words", "keeps-sound", "survives-nfkc"}
    )
    severity_meaning: ClassVar[str] = "expected share of words in the wrong case, among words that the mode changes"
    source: ClassVar[str] = "Unicode Standard 16.0, section 5.18, case mappings, with its rules for Turkish and Greek"

    def __init__(self, mode: str = "lower") -> None:
        if mode not in MODES:
            raise SpecError(f"casing has no mode {mode!r}; modes are {', '.join(MODES)}, such as  casing(mode='upper')")
        self.mode = mode
        if mode == "upper":  # Greek capitals have no accents, and ß becomes SS: other words once they are small again
            vars(self)["claims"] = self.claims - {"keeps-names", "keeps-negations", "writes-words"}

    def in_one_language(
        self, texts: Sequence[str], lang: str, severity: float, keys: NDArray[np.uint64]
    ) -> Sequence[str]:
        """Return the texts with chosen words in another case."""
        block = Block.join(texts)
        units = letter_units(block, lang)
        units = units.take(units.chosen(keys, severity))
        before = units.strings(block)
        if self.mode == "random":
            after = _at_random(before, lang, units, keys)
        else:
            change = _CHANGES[self.mode]
            after = [change(word, lang) for word in before]
        return splice_strings(block, units.start, units.stop, after).texts()


@cache
def _tables(lang: str) -> tuple[dict[int, str], dict[int, str]]:
    if lang != "tr":
        return {ord("İ"): "i"}, {}
    return dict(TURKIC_SMALL), {ord("i"): "İ", ord("ı"): "I"}


def lowered(word: str, lang: str) -> str:
    """Return a word without capitals, by the language's own rules."""
    if word.islower():
        return word
    lower = word.translate(_tables(lang)[0]).lower()
    return _FINAL_SIGMA.sub("ς", lower) if lang == "el" else lower


def raised(word: str, lang: str) -> str:
    """Return a word in capitals, by the language's own rules."""
    if lang == "el":
        if word in ("ή", "Ή"):
            return "Ή"
        apart: str = _HIATUS.sub(lambda vowel: _APART[vowel[0]], word)
        return apart.translate(_TONOS).upper()
    return word.translate(_tables(lang)[1]).upper()


def _initial(word: str, lang: str) -> str:
    """Return a word with its first letter as a capital; ß and other letters without one capital stay."""
    capital = word[:1].translate(_tables(lang)[1]).upper()
    return (capital if len(capital) == 1 else word[:1]) + word[1:]


def _title(word: str, lang: str) -> str:
    return _initial(lowered(word, lang), lang)


def _first(word: str, lang: str) -> str:
    return lowered(word[:1], lang) + word[1:] if word[:1].isupper() else _initial(word, lang)


_CHANGES: dict[str, Callable[[str, str], str]] = {"lower": lowered, "upper": raised, "title": _title, "first": _first}


def _at_random(before: list[str], lang: str, units: Units, keys: NDArray[np.uint64]) -> list[str]:
    """Turn letters by the bits of one draw per word; if no bit falls on a letter, the first letter is turned."""
    after = []
    for word, drawn in zip(before, units.draw(keys, _FORM).tolist(), strict=True):
        seed = Stream(int(drawn * 2**53).to_bytes(16, "little"))
        turned = [
            _first(letter, lang) if letter == "İ" or (lang == "tr" and letter in "iıI") else letter.swapcase()
            for letter in word
        ]
        kept = [
            other if len(other) == 1 and seed.uniform(place) < 0.5 else letter
            for place, (letter, other) in enumerate(zip(word, turned, strict=True))
        ]
        changed = "".join(kept)
        changed = _FINAL_SIGMA.sub("ς", changed) if lang == "el" else changed
        after.append(changed if changed != word else _first(word, lang))
    return after
