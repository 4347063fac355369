"""Whether a noisy text can still mean what the clean one meant: rules on characters, numbers, names and negations.

The rules know no encoder. They reject what lost a number, a name or every negation of the clean text, and what kept too few
of its characters. A name or a negation with a typing error is kept: a word of the noisy text is alike. A text that was
written in another script is not judged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import regex
from rapidfuzz import fuzz

from robustir.languages import TURKIC_SMALL, has_spaces, language
from robustir.text.protected import probable_names
from robustir.text.words import words, words_of

__all__ = ["Essentials", "essentials", "lost_meaning", "negations"]

_NUMBER = regex.compile(r"\p{N}+")
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}'’]+")
_LETTER = regex.compile(r"\p{L}")
_ALIKE = 60.0  # similarity of two words, in percent, from which one is the other with a typing error
_NEGATIONS = {
    "ar": "لا ليس ليست لم لن غير بدون دون",
    "de": "nicht kein keine keinen keiner keinem keines nie niemals niemand nichts ohne weder",
    "el": "δεν δε μην μη όχι ποτέ κανείς κανένας τίποτα χωρίς",
    "en": "no not never none nobody nothing neither nor without cannot",
    "es": "no nunca jamás nadie nada ningún ninguno ninguna sin tampoco",
    "fr": "ne pas jamais rien aucun aucune sans ni",
    "hi": "नहीं न मत बिना",
    "it": "non mai niente nessuno nessuna senza né",
    "nl": "niet geen nooit niemand niets zonder",
    "pt": "não nunca nada ninguém nenhum nenhuma sem",
    "ru": "не нет ни никогда никто ничего без нельзя",
    "th": "ไม่ ไร้",
    "tr": "değil yok hiç asla",
    "vi": "không chẳng chưa đừng",
    "zh": "不 没 沒 无 無 未 勿",
}
_SHORT, _SHORT_FORMS = "n't", ("n't", "n’t", "nt")  # of English "not"; the last is the first without its apostrophe
_SCRIPTS = {"Hans": "Han", "Hant": "Han", "Jpan": "Han", "Kore": "Hangul"}  # names of scripts that regex knows


@dataclass(frozen=True, slots=True)
class Essentials:
    """What a text must keep: its numbers, its probable names and its negations, in lower case."""

    lang: str
    numbers: frozenset[str]
    names: frozenset[str]
    negations: frozenset[str]


@cache
def _negations(lang: str) -> frozenset[str]:
    return frozenset(_NEGATIONS.get(lang, "").split())


def essentials(texts: Sequence[str], lang: str) -> list[Essentials]:
    """Return what each of some clean texts in one language holds that a noisy one must keep."""
    return [_essentials(text, found, lang) for text, found in zip(texts, words_of(texts, lang), strict=True)]


def _essentials(text: str, found: Sequence[str], lang: str) -> Essentials:
    names = {_small(word, lang) for word in probable_names(found, lang)}
    negating = _counted(found, text, lang).keys()
    return Essentials(lang, frozenset(_NUMBER.findall(text)), frozenset(names - negating), frozenset(negating))


def negations(text: str, lang: str) -> Counter[str]:
    """Return how often a text holds each negation of its language; English forms with n't are one."""
    return _counted(words(text, lang) if has_spaces(lang) else (), text, lang)


def _small(text: str, lang: str) -> str:
    """Return a text in small letters; Turkish has two letters i."""
    return (text.translate(TURKIC_SMALL) if lang == "tr" else text).casefold()


def _counted(found: Sequence[str], text: str, lang: str) -> Counter[str]:
    if not has_spaces(lang):
        folded = _small(text, lang)
        return Counter({word: folded.count(word) for word in _negations(lang) if word in folded})
    small = [_small(word, lang) for word in found]
    counts = Counter(word for word in small if word in _negations(lang))
    counts.update(_SHORT for word in small if word.endswith(_SHORT_FORMS[:2]))
    return counts


def lost_meaning(
    clean: str, noisy: str, kept: Essentials, *, changed: float, characters: float, protected: bool = True
) -> bool:
    """Return whether a noisy text is rejected.

    Args:
        clean: the clean text.
        noisy: the noisy one.
        kept: what the clean text holds.
        changed: the character error rate.
        characters: the share of the characters that must be kept.
        protected: whether numbers, names and negations must be kept.
    """
    # In another order a text keeps its characters, but its edit distance is large.
    few = 1 - changed < characters and _same_characters(clean, noisy) < characters
    return (few or (protected and _lost(noisy, kept))) and not _other_script(clean, noisy, kept.lang)


def _same_characters(clean: str, noisy: str) -> float:
    """Return the share of the characters of a text, without spaces, that another holds in any order."""
    left, right = (Counter("".join(text.casefold().split())) for text in (clean, noisy))
    return (left & right).total() / max(left.total(), 1)


def _lost(noisy: str, kept: Essentials) -> bool:
    if kept.numbers and not kept.numbers <= set(_NUMBER.findall(noisy)):
        return True
    if not kept.names and not kept.negations:
        return False
    folded = _small(noisy, kept.lang)
    changed = [name for name in kept.names if name not in folded]
    if not changed and not kept.negations:  # most texts: their words need not be found
        return False
    there = _WORD.findall(folded)
    if any(not _alike(name, folded, there, kept.lang) for name in changed):
        return True
    return bool(kept.negations) and not any(
        any(other.endswith(_SHORT_FORMS) for other in there)
        if word == _SHORT
        else word in there or _alike(word, folded, there, kept.lang)
        for word in kept.negations
    )


def _alike(word: str, folded: str, there: Sequence[str], lang: str) -> bool:
    """Return whether a text holds a word, perhaps with a typing error."""
    if not has_spaces(lang):
        return fuzz.partial_ratio(word, folded) >= _ALIKE
    return any(fuzz.ratio(word, other) >= _ALIKE for other in there)


@cache
def _letters_of(lang: str) -> regex.Pattern[str] | None:
    script = language(lang).script
    try:
        return regex.compile(rf"\p{{Script={_SCRIPTS.get(script, script)}}}")
    except regex.error:
        return None


def _other_script(clean: str, noisy: str, lang: str) -> bool:
    """Return whether the clean text is in the language's script and most letters of the noisy one are not."""
    own = _letters_of(lang)
    if own is None:
        return False
    shares = [len(own.findall(text)) / max(len(_LETTER.findall(text)), 1) for text in (clean, noisy)]
    return shares[0] >= 1 / 2 > shares[1] and bool(_LETTER.search(noisy))
