"""Code-switching: words of a query are replaced by their translations in another language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from robustir.errors import SpecError
from robustir.languages import LANGUAGES, has_spaces, normalise
from robustir.perturbations.shared.numbered_units import Units, set_apart, whole_word_units
from robustir.perturbations.shared.rule_based import RuleBased
from robustir.perturbations.tables.lexicons import Entry, fold
from robustir.perturbations.tables.switches import begins_text, is_function_word, switches
from robustir.seeds import uniforms
from robustir.text.blocks import Block
from robustir.text.protected import FORM_BITS, TITLED, form_bits, protected_rows
from robustir.text.splices import splice_strings

__all__ = ["CodeSwitch"]

_SELECT, _WHICH = 0, 1  # slots
_SHARE = 1 << 40  # the index of the text's own draw, beyond any word's
_ORDERS = ("random", "content-first")


class CodeSwitch(RuleBased):
    """Words give way to their translations in an embedded language, as bilingual speakers mix them.

    Eligible are content words with a trusted translation (the word, in some form, is its best translation back) and a
    few function words that a list by hand translates; not numbers, probable names, single letters and addresses. The frame
    of the sentence, its articles, prepositions, auxiliaries and negations, stays. Translations are not inflected; at the
    beginning of a text they take over the capital. If the query's script has no spaces and the embedded one has, a space
    sets the two apart. Vietnamese words of several syllables are one word.

    Args:
        into: code of the embedded language, one of the eleven.
        order: ``random`` gives every eligible word the same chance; ``content-first`` replaces content words before
            function words.
        choices: how many of a word's best translations to draw from, by their probabilities; 1 is always the best one.

    Raises:
        SpecError: for a language without lexicons, another order, or choices below 1.
    """

    name: ClassVar[str] = "code-switch"
    version: ClassVar[str] = "7"
    languages: ClassVar[frozenset[str] | None] = frozenset(LANGUAGES)
    claims: ClassVar[frozenset[str]] = frozenset(
        {"keeps-names", "keeps-numbers", "keeps-negations", "writes-words", "survives-nfkc"}
    )
    severity_meaning: ClassVar[str] = (
        "expected share of eligible words that are replaced; eligible are words with a trusted translation, except numbers and names"
    )
    source: ClassVar[str] = (
        "after Qin et al. (2020), CoSDA-ML: multi-lingual code-switching data augmentation; lexicons induced from parallel "
        "text: the source lines of each file in perturbations/data/lexicons"
    )

    def __init__(self, into: str = "en", order: str = "random", choices: int = 1) -> None:
        into = normalise(str(into))
        if into not in LANGUAGES:
            raise SpecError(f"code-switch has no lexicon into {into!r}; into is one of {', '.join(LANGUAGES)}")
        if order not in _ORDERS:
            raise SpecError(f"code-switch does not know the order {order!r}; order is one of {', '.join(_ORDERS)}")
        if isinstance(choices, bool) or not isinstance(choices, int) or choices < 1:
            raise SpecError(f"choices={choices!r} is not a number of translations; give a whole number, 1 or more")
        self.embedded_lang = into
        self.order = order
        self.choices = choices
        vars(self)["languages"] = frozenset(LANGUAGES) - {into}  # an instance serves all but its own

    def in_one_language(
        self, texts: Sequence[str], lang: str, severity: float, keys: NDArray[np.uint64]
    ) -> Sequence[str]:
        """Return the texts with words in the embedded language."""
        block = Block.join(texts)
        units = whole_word_units(block, lang)
        lexemes = _lexemes(lang, self.embedded_lang)
        number, bits, eligible = lexemes.of(units.strings(block), units.row)
        places = np.flatnonzero(eligible)
        picked = units.take(places)
        taken = self._taken(picked, bits[places], severity, keys)
        places, picked = places[taken], picked.take(taken)
        capitals = ((picked.number == 0) & (bits[places] & TITLED != 0)).tolist()
        numbers = number[places].tolist()
        if self.choices == 1:
            new = [lexemes.best[entry] for entry in numbers]
        else:
            chances = picked.draw(keys, _WHICH).tolist()
            new = [
                _drawn(lexemes.entries[entry][: self.choices], chance)
                for entry, chance in zip(numbers, chances, strict=True)
            ]
        new = [word[0].upper() + word[1:] if capital else word for word, capital in zip(new, capitals, strict=True)]
        if not has_spaces(lang) and has_spaces(self.embedded_lang):
            new = set_apart(block.text, picked, new)
        return splice_strings(block, picked.start, picked.stop, new).texts()

    def coverage(self, texts: Sequence[str], lang: str) -> NDArray[np.float64]:
        """Return the share of each text's words that are eligible, float64 [texts]; 0 for a text without words."""
        block = Block.join(texts)
        units = whole_word_units(block, lang)
        *_, eligible = _lexemes(lang, self.embedded_lang).of(units.strings(block), units.row)
        some, every = (np.bincount(rows, minlength=len(texts)) for rows in (units.row[eligible], units.row))
        shares: NDArray[np.float64] = some / np.maximum(every, 1)
        return shares

    def best_switches(self, texts: Sequence[str], lang: str) -> Iterator[tuple[str, str]]:
        """Yield every word of the texts with its best translation, "" for a word that is not eligible."""
        block = Block.join(texts)
        units = whole_word_units(block, lang)
        forms = units.strings(block)
        lexemes = _lexemes(lang, self.embedded_lang)
        number, _, eligible = lexemes.of(forms, units.row)
        for form, entry, fits in zip(forms, number.tolist(), eligible.tolist(), strict=True):
            yield form, lexemes.best[entry] if fits else ""

    def _taken(
        self, eligible: Units, bits: NDArray[np.int64], severity: float, keys: NDArray[np.uint64]
    ) -> NDArray[np.bool_]:
        """Say of each eligible word whether it is replaced; bits: what :class:`_Lexemes` knows of it, int64 [words]."""
        draw = eligible.draw(keys, _SELECT)
        if self.order == "random":
            return draw < severity
        rows = eligible.row
        order = np.lexsort((draw, bits & _FUNCTION != 0, rows))
        rank = np.empty(len(rows), dtype=np.int64)
        rank[order] = np.arange(len(rows)) - np.searchsorted(rows, rows)
        # floor(severity * n + u) words: severity * n on average, and more at a higher severity, never fewer.
        share = uniforms(keys[rows], np.full(len(rows), _SHARE), _SELECT)
        many = np.bincount(rows, minlength=1)[rows] if len(rows) else rows
        return rank < np.floor(severity * many + share)


_FUNCTION, _BEGINS = 1 << FORM_BITS, 2 << FORM_BITS  # function words, and those that begin a text; above form_bits
_BITS = FORM_BITS + 2


class _Lexemes(dict[str, int]):
    """Word forms of a language, each looked at once per process: a few forms make up most of any text (Zipf's law).

    A value packs the number of the form's translations (0: none) above the bits of its form. entries, best:
    translations and the best one by number.
    """

    def __init__(self, lang: str, into: str) -> None:
        super().__init__()
        self.lang, self.into = lang, into
        self.entries: list[Entry] = [()]
        self.best = [""]

    def __missing__(self, form: str) -> int:
        entry = switches(form, self.lang, self.into)
        folded = fold(form, self.lang)
        if entry:
            self.entries.append(entry)
            self.best.append(entry[0][0])
        number = len(self.entries) - 1 if entry else 0
        late = _FUNCTION * is_function_word(folded, self.lang) | _BEGINS * begins_text(folded, self.lang)
        self[form] = value = number << _BITS | late | form_bits(form, self.lang)
        return value

    def of(
        self, forms: Sequence[str], rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
        """Return each word's number, its bits, and whether it may be replaced; forms: all words; rows: their texts."""
        packed = np.fromiter(map(self.__getitem__, forms), dtype=np.int64, count=len(forms))
        number = packed >> _BITS
        first = np.append(True, rows[1:] != rows[:-1])[: len(rows)]
        fits = (number > 0) & ((packed & _BEGINS == 0) | first)
        return number, packed, fits & ~protected_rows(packed, rows, self.lang)


@cache
def _lexemes(lang: str, into: str) -> _Lexemes:
    return _Lexemes(lang, into)


def _drawn(entry: Entry, chance: float) -> str:
    limit = chance * sum(weight for _, weight in entry)
    for word, weight in entry:
        limit -= weight
        if limit < 0:
            return word
    return entry[-1][0]
