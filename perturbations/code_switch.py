"""Code-switching: words of a query are replaced by their translations in another language."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from robustir.errors import SpecError
from robustir.perturbations.lexicons import Entry, fold, function_words, load_lexicon, name_words
from robustir.perturbations.rule_based import RuleBased
from robustir.seeds import uniforms
from robustir.text.blocks import Block
from robustir.text.protected import protected_words
from robustir.text.scripts import LANGUAGES, has_spaces
from robustir.text.words import block_word_spans, words

__all__ = ["CodeSwitch"]

_SELECT, _WHICH = 0, 1  # slots
_SHARE = 1 << 40  # the index of the text's own draw, beyond any word's
_ORDERS = ("random", "content-first")


class CodeSwitch(RuleBased):
    """Words give way to their translations in an embedded language, as bilingual speakers mix them.

    Eligible are words that the induced lexicon translates, except numbers, probable names, single letters and
    addresses. A translation stands as it is, without inflection; at the beginning of a text it takes over the capital.
    Where the query's script has no spaces and the embedded one has, a space sets the two apart.

    into: the embedded language. order: ``random`` gives every eligible word the same chance; ``content-first`` replaces
    content words before function words. choices: draw among so many best translations by their probabilities.
    """

    name: ClassVar[str] = "code-switch"
    version: ClassVar[str] = "2"
    languages: ClassVar[frozenset[str] | None] = frozenset(LANGUAGES)
    severity_meaning: ClassVar[str] = (
        "expected share of eligible words that are replaced; eligible are words with a translation, numbers and names apart"
    )
    source: ClassVar[str] = (
        "after Qin et al. (2020), CoSDA-ML: multi-lingual code-switching data augmentation; lexicons induced from parallel "
        "text: the source lines of each file in perturbations/data/lexicons"
    )

    def __init__(self, into: str = "en", order: str = "random", choices: int = 1) -> None:
        if into not in LANGUAGES:
            raise SpecError(f"code-switch has no lexicon into {into!r}; into is one of {', '.join(LANGUAGES)}")
        if order not in _ORDERS:
            raise SpecError(f"code-switch knows no order {order!r}; order is one of {', '.join(_ORDERS)}")
        if isinstance(choices, bool) or not isinstance(choices, int) or choices < 1:
            raise SpecError(f"choices is {choices!r}; it is a number of translations, 1 or more")
        self.embedded_lang = into
        self.order = order
        self.choices = choices
        vars(self)["languages"] = frozenset(LANGUAGES) - {into}  # an instance serves all but its own

    def in_one_language(
        self, texts: Sequence[str], lang: str, severity: float, words: NDArray[np.uint64]
    ) -> Sequence[str]:
        """Return the texts with words in the embedded language."""
        block = Block.join(texts)
        starts, stops = block_word_spans(block, lang)
        first = np.searchsorted(starts, block.offsets)
        begins = (starts - np.repeat(block.offsets[:-1], np.diff(first))).tolist()
        ends = (stops - np.repeat(block.offsets[:-1], np.diff(first))).tolist()
        forms = [
            [texts[row][begins[at] : ends[at]] for at in range(low, high)]
            for row, (low, high) in enumerate(pairwise(first.tolist()))
        ]
        tables = [_eligible(row, lang, self.embedded_lang) for row in forms]
        rows = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
        places = np.fromiter((place for table in tables for place, _ in table), dtype=np.int64, count=len(rows))
        taken = self._taken(rows, places, forms, lang, severity, words)
        chance = uniforms(words[rows], places, _WHICH)
        edits: dict[int, list[tuple[int, int, str]]] = {}
        flat = [entry for table in tables for _, entry in table]
        for number in np.flatnonzero(taken).tolist():
            row, place = int(rows[number]), int(places[number])
            new = _drawn(flat[number][: self.choices], float(chance[number]))
            if place == 0 and forms[row][0][0].isupper():
                new = new[0].upper() + new[1:]
            at = int(first[row]) + place
            edits.setdefault(row, []).append((begins[at], ends[at], new))
        apart = not has_spaces(lang) and has_spaces(self.embedded_lang)
        result = list(texts)
        for row, changes in edits.items():
            result[row] = _replaced(texts[row], changes, apart=apart)
        return result

    def coverage(self, texts: Sequence[str], lang: str) -> NDArray[np.float64]:
        """Return the share of each text's words that are eligible, float64 [texts]; 0 for a text without words."""
        forms = [words(text, lang) for text in texts]
        return np.array([len(_eligible(row, lang, self.embedded_lang)) / max(len(row), 1) for row in forms])

    def _taken(
        self,
        rows: NDArray[np.int64],
        places: NDArray[np.int64],
        forms: Sequence[Sequence[str]],
        lang: str,
        severity: float,
        words: NDArray[np.uint64],
    ) -> NDArray[np.bool_]:
        """Say of each eligible word whether it is replaced; rows: its text, ascending; places: its place in the text."""
        draw = uniforms(words[rows], places, _SELECT)
        if self.order == "random":
            return draw < severity
        function = function_words(lang)
        late = [
            fold(forms[int(row)][int(place)], lang) in function
            for row, place in zip(rows.tolist(), places.tolist(), strict=True)
        ]
        order = np.lexsort((draw, np.array(late, dtype=np.bool_), rows))
        rank = np.empty(len(rows), dtype=np.int64)
        rank[order] = np.arange(len(rows)) - np.searchsorted(rows, rows)
        # floor(severity * n + u) words: severity * n on average, and more at a higher severity, never fewer.
        share = uniforms(words[rows], np.full(len(rows), _SHARE), _SELECT)
        many = np.bincount(rows, minlength=1)[rows] if len(rows) else rows
        return rank < np.floor(severity * many + share)


def _eligible(forms: Sequence[str], lang: str, into: str) -> list[tuple[int, Entry]]:
    """Return (place, translations) of the words that may be replaced."""
    protected = protected_words(forms, lang)
    return [
        (place, found)
        for place, form in enumerate(forms)
        if not protected[place] and (found := _translations(form, lang, into))
    ]


@cache
def _translations(form: str, lang: str, into: str) -> Entry:
    """Return what a word may become: never itself, and nothing for a name."""
    folded = fold(form, lang)
    if folded in name_words(lang):
        return ()
    found = load_lexicon(lang, into).translations(form)
    return tuple((word, chance) for word, chance in found if word.casefold() != form.casefold())


def _drawn(entry: Entry, chance: float) -> str:
    limit = chance * sum(weight for _, weight in entry)
    for word, weight in entry:
        limit -= weight
        if limit < 0:
            return word
    return entry[-1][0]


def _replaced(text: str, changes: Sequence[tuple[int, int, str]], *, apart: bool) -> str:
    pieces, position = [], 0
    for start, stop, new in changes:
        pieces.append(text[position:start])
        before = pieces[-1][-1:] or (pieces[-2][-1:] if len(pieces) > 1 else "")
        if apart and before.isalnum():
            pieces.append(" ")
        pieces.append(new)
        # A vowel sign or tone mark cannot follow here: a word ends where a cluster ends.
        if apart and text[stop : stop + 1].isalnum():
            pieces.append(" ")
        position = stop
    pieces.append(text[position:])
    return "".join(pieces)
