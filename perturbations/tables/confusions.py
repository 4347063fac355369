"""Confusions by sound: which other spellings of a word, or of a character, sound like it.

One file per language in ``data/phonetic``: ``words`` are groups of whole words that are taken for each other;
``misspelled`` has what a word is misspelled as, one way. A rule is either ``a/b/c``, spellings of one sound anywhere,
or ``pattern > spelling|spelling``, a regular expression whose context (lookarounds, ``^``, ``$``) says where the sound
stays. ``units`` are spellings of one sound that no rule may cut (Greek ου). In Chinese ``words`` are words of the same
syllables and tones; other words have one of their ``characters`` wrong, for one of the two most frequent others of its
group; of the characters that are words, those of the groups ``single`` alone.
In Arabic, Hindi and Turkish the rules are near sounds, which ``mt-channel`` uses for names and ``phonetic`` does not.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

import regex

from robustir.perturbations.casing import lowered, raised
from robustir.perturbations.typing.keyboards import read_data

__all__ = ["confusions"]

_NO_ACRONYM = 6  # letters; fewer capitals may be an acronym (ΗΠΑ), more are a word that is shouted
_LIKELY = 2  # characters of one sound that are taken for a Chinese character, the most frequent ones

Confusions = Callable[[str], tuple[str, ...]]


@cache
def confusions(lang: str) -> Confusions:
    """Return a function from a word to the spellings that it may be mistaken for."""
    if lang == "zh":
        return _chinese()
    data: dict[str, Any] = read_data("phonetic", f"{lang}.json")
    groups = {word: others for group in data["words"] for word, *others in _turns(group)} | data["misspelled"]
    whole = regex.compile("|".join(map(regex.escape, data["units"])) or r"(?!)")
    rules = [compiled for rule in data["rules"] for compiled in _compiled(rule)]

    @lru_cache(maxsize=65_536)
    def spellings_of(word: str) -> tuple[str, ...]:
        plain = lowered(word, lang)
        if len(plain) != len(word) or (1 < len(word) < _NO_ACRONYM and word.isupper()):
            return ()
        spelled = [_cased(word, new, lang) for new in groups.get(plain, ())]
        if not spelled and len(word) > 1:  # a word of one letter (Spanish y) is too well known to be misspelled
            inside = {place for match in whole.finditer(plain) for place in range(match.start() + 1, match.end())}
            for pattern, instead in rules:
                for match in pattern.finditer(plain):
                    start, stop = match.span()
                    if inside.isdisjoint((start, stop)):
                        spelled += [_respelled(word, start, stop, new, lang) for new in instead]
        return tuple(dict.fromkeys(spelling for spelling in spelled if spelling not in ("", word)))

    return spellings_of


def _chinese() -> Confusions:
    data: dict[str, Any] = read_data("phonetic", "zh.json")
    whole = {
        word: tuple(others) for group in (*data["words"], *data["single"]) for word, *others in _turns(list(group))
    }
    inside = {char: others[:_LIKELY] for group in data["characters"] for char, *others in _turns(list(group))}

    @lru_cache(maxsize=65_536)
    def spellings_of(word: str) -> tuple[str, ...]:
        if word in whole or len(word) < 2:
            return whole.get(word, ())
        return tuple(
            word[:at] + other + word[at + 1 :] for at, char in enumerate(word) for other in inside.get(char, ())
        )

    return spellings_of


def _turns(group: list[str]) -> list[list[str]]:
    return [[word, *(other for other in group if other != word)] for word in group]


def _compiled(rule: str) -> list[tuple[regex.Pattern[str], list[str]]]:
    """Return patterns and what each match may be spelled as."""
    pattern, arrow, instead = rule.partition(" > ")
    if arrow:
        return [(regex.compile(pattern), instead.split("|"))]
    spellings = rule.split("/")
    return [(regex.compile(regex.escape(old)), [new for new in spellings if new != old]) for old in spellings]


def _respelled(word: str, start: int, stop: int, new: str, lang: str) -> str:
    """Spell a part of a word otherwise; a capital at its beginning goes on to the letter that begins it then."""
    if start == 0 and (stop == 0 or not new) and word[:1].isupper() and not word[1:2].isupper():
        return _cased(word, new + lowered(word[stop:], lang), lang)
    return word[:start] + _cased(word[start:stop], new, lang) + word[stop:]


def _cased(model: str, text: str, lang: str) -> str:
    if len(model) > 1 and model.isupper():
        return raised(text, lang)
    return raised(text[:1], lang) + text[1:] if model[:1].isupper() else text
