"""Which form of a translation a lexicon names: dictionaries give a citation form, parallel text mostly gives inflected ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

__all__ = ["choose_form", "favoured_forms"]

_BONUS = 2.0  # a favoured form counts like two more times all links
# Turkish stacks suffixes, so an English inflected form answers to a form with that one suffix: plural, aorist or present;
# past; verbal noun or present. Facts of grammar, with the vowel harmony written out.
_TURKISH = {
    "s": re.compile(r"l[ae]r$|[aeıiuü]r$|[ıiuü]yor$"),
    "ed": re.compile(r"[dt][ıiuü]$"),
    "ing": re.compile(r"m[ae]k?$|[ıiuü]yor$"),
}
_VERBAL_NOUN = re.compile(r"m[ae](?:s[ıi](?:n[ıiae].*)?|y[ıiae]|d[ae]n?|n[ıi]n|l[ae]r.*|n?|m)$")


def choose_form(links: Mapping[str, float], favoured: Iterable[str], frequency: Mapping[str, int]) -> str:
    """Return the form of a word that best translates another.

    links: expected links of each aligned form; favoured: forms that are citation forms, aligned or not; frequency: how
    often each form occurs in monolingual text. The score is ``(share of links + bonus) * sqrt(frequency + 1)``.
    """
    bonus = set(favoured)
    total = sum(links.values()) or 1.0
    scores = {
        form: (links.get(form, 0.0) / total + _BONUS * (form in bonus)) * (frequency.get(form, 0) + 1) ** 0.5
        for form in {*links, *bonus}
    }
    return min(scores, key=lambda form: (-scores[form], form))


def favoured_forms(
    lemma: str, english: str, english_lemma: str, links: Mapping[str, float], forms: Iterable[str], lang: str
) -> set[str]:
    """Return the citation forms of ``lemma`` that answer to an English form, among its attested ``forms``.

    An uninflected English word asks for the lemma itself. In Turkish, whose lemmas are bare stems, a word aligned mostly
    with verbal nouns (``speech``, ``konuşma``) asks for the verbal noun, a stem that is not a word for the infinitive, and an
    inflected English word for the Turkish form with one suffix.
    """
    known = set(forms)
    if lang == "tr" and english != english_lemma:
        pattern = next((_TURKISH[end] for end in _TURKISH if english.endswith(end)), _TURKISH["ed"])
        return {form for form in known if pattern.search(form) and form != lemma}
    if english != english_lemma:
        return set()
    if lang == "tr":
        nominal = sum(count for form, count in links.items() if _VERBAL_NOUN.fullmatch(form.removeprefix(lemma)))
        if nominal > sum(links.values()) / 2 and (found := known & {f"{lemma}ma", f"{lemma}me"}):
            return found
        if lemma not in known:
            return known & {f"{lemma}mak", f"{lemma}mek"}
    return known & {lemma}
