"""Confusions by sound: which other spellings of a word, or of a character, sound like it.

One file per language in ``data/phonetic``: ``words`` are groups of whole words that are taken for each other;
``rules`` are pairs of spellings, each way round unless written with ``>``, with ``^`` for the beginning of a word and
``$`` for its end; ``units`` are spellings of one sound that no rule may cut (Greek ου). Chinese takes the homophones of
pinyin input (:mod:`robustir.perturbations.typing.pinyin`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from itertools import permutations
from typing import Any

import regex

from robustir.languages import has_spaces
from robustir.perturbations.casing import lowered, raised
from robustir.perturbations.typing.keyboards import read_data
from robustir.perturbations.typing.pinyin import homophones

__all__ = ["confusions"]

Confusions = Callable[[str], tuple[str, ...]]


@cache
def confusions(lang: str) -> Confusions:
    """Return a function from a word (in Thai and Chinese a character) to the spellings that it may be mistaken for."""
    if lang == "zh":
        table = {character: tuple(others) for character, others in homophones().items()}
        return lambda character: table.get(character, ())
    data: dict[str, Any] = read_data("phonetic", f"{lang}.json")
    groups = {word: others for group in data["words"] for word, *others in _turns(group)}
    shortest = 2 if has_spaces(lang) else 1  # a word of one letter (Spanish y) is too well known to be misspelled
    whole = regex.compile("|".join(map(regex.escape, data["units"])) or r"(?!)")
    rules = [_compiled(old, new) for pair in data["rules"] for old, new in _both_ways(pair)]

    @lru_cache(maxsize=65_536)
    def spellings_of(word: str) -> tuple[str, ...]:
        plain = lowered(word, lang)
        if len(plain) != len(word):
            return ()
        spelled = [_cased(word, new, lang) for new in groups.get(plain, ())]
        if not spelled and len(word) >= shortest:
            inside = {place for match in whole.finditer(plain) for place in range(match.start() + 1, match.end())}
            for pattern, literal, new in rules:
                if literal in plain:
                    for match in pattern.finditer(plain):
                        start, stop = match.span()
                        if inside.isdisjoint((start, stop)):
                            spelled.append(word[:start] + _cased(word[start:stop], new, lang) + word[stop:])
        return tuple(dict.fromkeys(spelling for spelling in spelled if spelling not in ("", word)))

    return spellings_of


def _turns(group: list[str]) -> list[list[str]]:
    return [[word, *(other for other in group if other != word)] for word in group]


def _both_ways(pair: str) -> list[tuple[str, str]]:
    old, arrow, new = pair.partition(">")
    if arrow:
        return [(old.strip(), new.strip())]
    spellings = pair.split("/")
    return [
        (first, second.strip("^$")) for first, second in permutations((spelling.strip() for spelling in spellings), 2)
    ]


def _compiled(spelling: str, other: str) -> tuple[regex.Pattern[str], str, str]:
    literal = spelling.strip("^$")
    begin, end = r"\A" if spelling.startswith("^") else "", r"\Z" if spelling.endswith("$") else ""
    return regex.compile(begin + regex.escape(literal) + end), literal, other


def _cased(model: str, text: str, lang: str) -> str:
    if len(model) > 1 and model.isupper():
        return raised(text, lang)
    return raised(text[:1], lang) + text[1:] if model[:1].isupper() else text
