"""What replaces a word that translation noise takes: another translation, form, copy of the source, or spelling of a name."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate
from typing import Self

from robustir.languages import has_spaces
from robustir.perturbations.casing import raised
from robustir.perturbations.mt.mt_words import NAME, NUMBER, round_trip
from robustir.perturbations.tables.confusions import confusions
from robustir.perturbations.tables.lexicons import fold, load_lexicon
from robustir.perturbations.tables.opposites import opposite
from robustir.text.clusters import clusters

__all__ = [
    "FORM",
    "LEXICAL",
    "OTHER",
    "UNTRANSLATED",
    "Options",
    "another",
    "capitalised",
    "instead",
    "is_new",
]

LEXICAL, FORM, UNTRANSLATED, OTHER = 1, 2, 3, 4  # as in mt_rates.OUTCOMES, without kept
_STEM = 0.6  # forms of a word share this much of its beginning, three letters at least
_FORMS = 8
_UNTRANSLATED = 0.25  # how probable the word left in the source language must be
_NEAREST = 2  # homophones of a character that a name may have
_LONG = 10_000  # characters of a text that is not read again for every word
_RUN = re.compile(r"[^\W_]+")  # what str.isalnum says of each character
_TRIES = 4  # draws before all options are asked: each takes bits from the draw before it

Stays = Callable[[str], bool]  # whether a folded word may come into a text that has it already


@dataclass(frozen=True, slots=True)
class Options:
    """What a word may become. words: as they are written; folded: as they are compared; upto: cumulative weights."""

    words: tuple[str, ...]
    folded: tuple[str, ...]
    upto: tuple[float, ...]

    @classmethod
    def of(cls, weighted: Iterable[tuple[str, float]], lang: str) -> Self:
        """Make options of (word, weight) pairs."""
        pairs = tuple(weighted)
        folded = tuple(fold(word, lang) for word, _ in pairs)
        return cls(tuple(word for word, _ in pairs), folded, tuple(accumulate(weight for _, weight in pairs)))

    def drawn(self, chance: float, text: str, *, spaced: bool, stays: Stays | None = None) -> str | None:
        """Draw by weight among what is new to a text, or return None; chance: in [0, 1).

        text: folded; a word is new to it if it is not one of its words nor, unless ``spaced``, a substring of it, or what
        ``stays`` lets come all the same.
        """
        upto = self.upto
        if not upto:
            return None
        total, last = upto[-1], len(upto) - 1
        for _ in range(_TRIES):
            limit = chance * total
            at = bisect_right(upto, limit, 0, last)
            folded = self.folded[at]
            if is_new(folded, text, spaced=spaced) or (stays and stays(folded)):
                return self.words[at]
            lower = upto[at - 1] if at else 0.0
            chance = (limit - lower) / (upto[at] - lower)  # where the draw fell in the refused share: a new draw
        kept = [
            place
            for place, folded in enumerate(self.folded)
            if is_new(folded, text, spaced=spaced) or (stays and stays(folded))
        ]
        weights = list(accumulate(self.upto[place] - (self.upto[place - 1] if place else 0.0) for place in kept))
        return self.words[kept[min(bisect_right(weights, chance * weights[-1]), len(kept) - 1)]] if kept else None


def is_new(folded: str, text: str, *, spaced: bool) -> bool:
    """Whether a folded word is not a word of a folded text, nor, without spaces, a substring of it."""
    if len(text) > _LONG:
        return _is_new_to_long(folded, text, spaced=spaced)
    return folded not in text or (spaced and not _stands(folded, text))


@lru_cache(maxsize=200_000)
def _is_new_to_long(folded: str, text: str, *, spaced: bool) -> bool:
    """Return what :func:`is_new` does, without reading the text again for a word that was asked for before."""
    if spaced and folded.isalnum():
        return folded not in _runs(text)
    return folded not in text or (spaced and not _stands(folded, text))


@lru_cache(maxsize=4)
def _runs(text: str) -> frozenset[str]:
    """Return the runs of letters and digits of a text."""
    return frozenset(_RUN.findall(text))


def _stands(folded: str, text: str) -> bool:
    """Whether a substring of a text is a word of it."""
    at = text.find(folded)
    while at >= 0:
        end = at + len(folded)
        if not (text[at - 1 : at].isalnum() or text[end : end + 1].isalnum()):
            return True
        at = text.find(folded, at + 1)
    return False


def instead(
    forms: Iterable[str],
    kinds: Iterable[int],
    ways: Iterable[int],
    pair: tuple[str, str],
    chances: Iterable[float],
    texts: Iterable[str],
    *,
    spaced: bool,
) -> Iterator[str | None]:
    """Yield what each word becomes, in its own case, or None if nothing fits.

    kinds: their classes; ways: LEXICAL, FORM, UNTRANSLATED or OTHER; pair: source and target language of the translation;
    chances: in [0, 1), the words' own draws; texts, spaced: what they come into, as of :meth:`Options.drawn`. A name takes
    another spelling of the same sound, a number stays, whatever the way, and so does a word for which nothing fits.
    """
    for form, kind, way, chance, text in zip(forms, kinds, ways, chances, texts, strict=True):
        candidates = _ways(form, way, pair) if kind != NAME else (_spellings(form, pair[1]),)
        if kind == NUMBER:
            candidates = ()
        drawn = (options.drawn(chance, text, spaced=spaced) for options in candidates)
        yield next((replacement for replacement in drawn if replacement), None)


@lru_cache(maxsize=65_536)  # names recur
def _spellings(form: str, lang: str) -> Options:
    """Return what a name may be written as instead: it sounds the same, as that of a name from another script may."""
    spellings = confusions(lang)
    if has_spaces(lang):
        return Options.of(((word, 1.0) for word in spellings(form)), lang)
    parts = clusters(form)
    found = [
        "".join([*parts[:place], other, *parts[place + 1 :]])
        for place, part in enumerate(parts)
        for other in spellings(part)[:_NEAREST]
    ]
    return Options.of(((word, 1.0) for word in found), lang)


def another(next_word: str, pair: tuple[str, str], chance: float, text: str, *, spaced: bool) -> str | None:
    """Return another translation of the word before which a content word is added, or None."""
    return _options(fold(next_word, pair[1]), LEXICAL, pair).drawn(chance, text, spaced=spaced)


@cache
def _ways(form: str, way: int, pair: tuple[str, str]) -> tuple[Options, ...]:
    """Return what a word may become in a way, then what else it may become, without what is empty."""
    candidates = (_options(form, other, pair) for other in dict.fromkeys((way, LEXICAL, FORM)))
    return tuple(options for options in candidates if options.words)


@cache
def _options(form: str, way: int, pair: tuple[str, str]) -> Options:
    lang = pair[1]
    weighted = _weighted(fold(form, lang), way, pair)
    if way != UNTRANSLATED:
        weighted = tuple((_cased(word, form, lang), weight) for word, weight in weighted)
    return Options.of(weighted, lang)


@cache
def _weighted(folded: str, way: int, pair: tuple[str, str]) -> tuple[tuple[str, float], ...]:
    source, lang = pair
    if way == UNTRANSLATED:
        there = load_lexicon(lang, source).translations(folded)
        return tuple((word, chance) for word, chance in there if word.isalpha() and chance >= _UNTRANSLATED)
    if way == FORM:
        return tuple((word, 1.0) for word in _forms(folded, lang))
    near = tuple(
        (word, chance) for word, chance in round_trip(folded, lang, source) if not opposite(folded, word, lang)
    )
    if way == LEXICAL:
        return near
    known = {folded, *(fold(word, lang) for word, _ in near)}
    far = {
        again
        for word, _ in near
        for again, _ in round_trip(word, lang, source)
        if fold(again, lang) not in known and not opposite(folded, again, lang)
    }
    return tuple((word, 1.0) for word in sorted(far))


def _forms(folded: str, lang: str) -> tuple[str, ...]:
    """Return words of the lexicon that begin as this one does, the most alike first."""
    from rapidfuzz.distance import Indel

    size = 3
    if lang == "zh" or len(folded) < size:  # Chinese words have no forms
        return ()
    stem = max(size, round(_STEM * len(folded)))
    alike = [
        (-Indel.normalized_similarity(folded, other), other, word)
        for other, word in _by_beginning(lang).get(folded[:size], ())
        if other != folded and other[:stem] == folded[:stem] and len(other) <= len(folded) / _STEM
    ]
    return tuple(word for _, _, word in sorted(alike)[:_FORMS])


@cache
def _by_beginning(lang: str) -> dict[str, list[tuple[str, str]]]:
    size = 3
    forms: dict[str, list[tuple[str, str]]] = {}
    words = {word for entry in load_lexicon("de" if lang == "en" else "en", lang).entries.values() for word, _ in entry}
    for word in sorted(words):
        if len(word) >= size:
            folded = fold(word, lang)
            forms.setdefault(folded[:size], []).append((folded, word))
    return forms


def _cased(word: str, form: str, lang: str) -> str:
    if len(form) > 1 and form.isupper():
        return raised(word, lang)
    return capitalised(word, lang) if form[:1].isupper() else word


def capitalised(word: str, lang: str) -> str:
    """Return a word with a capital; letters without a single one stay."""
    # Greek capitals lose the tonos in words of capitals alone.
    capital = raised(word[:1], lang) if lang != "el" else word[:1].upper()
    return capital + word[1:] if len(capital) == 1 else word
