"""What a word may become in code-switching: trusted translations of content words, a short list of function words.

A speaker who switches keeps the frame of the sentence (articles, prepositions, auxiliaries, negations) in the language of the
sentence (Myers-Scotton 1993); of the function words only those of a short list by hand are switched.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from robustir.languages import has_spaces
from robustir.perturbations.tables.lexicons import Entry, fold, function_words, load_lexicon, name_words
from robustir.perturbations.tables.opposites import negates
from robustir.perturbations.typing.keyboards import read_data
from robustir.text.kept import negations

__all__ = ["begins_text", "is_function_word", "same_word", "switches"]

_LEAST: Final = 0.4  # p(translation | word) * p(word | translation); by way of English it is a product of four
_LEAST_BY_PIVOT: Final = 0.25
_STEM: Final = 0.6  # forms of one word share this much of the beginning of the shorter one, three letters at least


def switches(form: str, lang: str, into: str) -> Entry:
    """Return what a word may become, best first: never itself, nothing for a name, nothing that is not trusted.

    A translation is trusted if the word, in some form, is its own best translation back, and both are likely. Negations
    have none, nor have English words with a negating prefix: dictionaries from few sentences take them for their opposites.
    """
    folded = fold(form, lang)
    if folded in negations(form, lang):
        return ()
    if is_function_word(folded, lang):
        other = _listed(lang).get(folded, {}).get(into, "")
        return ((other, 1.0),) if other else ()
    if folded in name_words(lang) or (lang == "en" and negates(folded)):
        return ()
    if folded in (corrected := _corrected(lang, into)):
        other = corrected[folded]
        return ((other, 1.0),) if other else ()
    least = _LEAST if "en" in (lang, into) else _LEAST_BY_PIVOT
    back = load_lexicon(into, lang)
    found: list[tuple[str, float]] = []
    for word, chance in load_lexicon(lang, into).translations(form):
        again = back.translations(word)
        mutual = again and same_word(fold(again[0][0], lang), folded, lang)
        if word.casefold() != form.casefold() and mutual and chance * again[0][1] >= (least if not found else 0.1):
            if not (into == "en" and negates(word)) and not is_function_word(fold(word, into), into):
                found.append((word, chance))
        elif not found:
            return ()
    return tuple(found)


def same_word(first: str, second: str, lang: str) -> bool:
    """Whether two folded words are probably forms of one: they begin alike. Thai words have no forms."""
    if first == second or lang == "th":
        return first == second
    shared = next((at for at, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), None)
    shorter = min(len(first), len(second))
    shared = shorter if shared is None else shared
    return shared >= (3 if has_spaces(lang) else 1) and shared >= _STEM * shorter


@cache
def is_function_word(folded: str, lang: str) -> bool:
    """Whether a folded word belongs to the frame of a sentence: by the lists of function words or its translation."""
    return folded in _frame(lang) or folded in function_words(lang) or folded in _listed(lang)


def begins_text(folded: str, lang: str) -> bool:
    """Whether a listed word is switched at the beginning of a text alone: who? is кто, but "the man who" is который."""
    return bool(_listed(lang).get(folded, {}).get("begins a text"))


@cache
def _corrected(lang: str, into: str) -> dict[str, str]:
    """Return what a person wrote instead of wrong pairs, "" for none; a pair by way of English needs both its halves."""
    pairs: dict[str, dict[str, str]] = read_data("code_switch", "corrections.json")["pairs"]
    if "en" in (lang, into):
        return pairs.get(f"{lang}-{into}", {})
    return dict.fromkeys(pairs.get(f"{lang}-en", {}), "")


@cache
def _frame(lang: str) -> frozenset[str]:
    data: dict[str, str] = read_data("stopwords", f"{lang}.json")
    return frozenset(fold(word.replace("_", " "), lang) for field in ("words", "kept") for word in data[field].split())


@cache
def _listed(lang: str) -> dict[str, dict[str, Any]]:
    groups: list[dict[str, Any]] = read_data("code_switch", "function_words.json")["groups"]
    return {group[lang]: group for group in groups if lang in group}
