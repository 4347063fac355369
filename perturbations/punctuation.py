"""Punctuation left out, wrong, doubled or too much, in each language's own marks, as often as people do each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from robustir.languages import has_spaces
from robustir.perturbations.shared.choices import choices
from robustir.perturbations.shared.numbered_units import Units, word_units
from robustir.perturbations.shared.rule_based import RuleBased
from robustir.perturbations.stopwords import function_words
from robustir.perturbations.tables.marks import inside_words, is_space, open_before, single_marks
from robustir.text.blocks import Block
from robustir.text.classes import matching
from robustir.text.splices import splice_strings

__all__ = ["PARTS", "Punctuation"]

PARTS = ("drop", "double", "insert", "wrong")
_OPERATION, _MARK, _END = 1, 2, 3  # slots
# How often people do each, and how rarely a mark comes where none belongs: RoCS-MT (English forum posts beside their
# normalised form) has 1,564 marks left out, 320 wrong and 90 doubled of 4,394, and 135 more: most at the end of a segment
# or beside another mark, 18 alone inside a sentence. There a conjunction or relative follows a content word 1,064 times.
_SHARES: Final = {"drop": 0.79, "wrong": 0.16, "double": 0.05}
_INSERTED: Final = 0.038  # such places taken, if all marks of the text are
_COMMA: Final = {"ar": "،", "zh": "，"}
# Words before which people put a comma that is not needed.
_OPENERS: Final = {
    "ar": "أو ثم لكن ولكن التي الذي الذين عندما حيث كما بينما لأن إذا قبل بعد حتى أم",
    "de": "und oder aber sondern als wie wenn weil nachdem bevor während denn sowie um",
    "el": "και ή αλλά που όταν ότι γιατί επειδή ενώ αν ώστε όπου καθώς πριν αφού",
    "en": "and or but because that which who when while if so where after before since although though unless until",
    "es": "y e o u pero que cuando porque donde si mientras aunque como ni pues",
    "hi": "और या लेकिन मगर कि जो जब तो क्योंकि जिसमें जिसके जिसने ताकि तथा एवं",
    "ru": "и или либо а но как что чтобы когда если который которая которое которые где",
    "th": "",
    "tr": "ve veya ama fakat ancak ki çünkü yani",
    "vi": "và hoặc hay nhưng mà khi vì để nếu thì nên bởi",
    "zh": "和 与 并 并且 但 但是 而 而且 或 或者 以及 因为 所以 如果 还是",
}
# What people write instead of a mark between words, and instead of the last mark of a text.
_LATIN: Final = ({",": "..;", ";": ",.", ":": ",;", ".": ",", "!": ".", "?": "."}, {"?": ".", "!": ".", ".": "!"})
_INSTEAD: Final[Mapping[str, tuple[Mapping[str, str], Mapping[str, str]]]] = {
    **dict.fromkeys(("de", "en", "es", "ru", "tr", "vi"), _LATIN),
    "ar": (
        {"،": ",,.", ",": "،", "؛": "،.", ":": "،", ".": "،", "؟": "?", "?": "؟", "!": "."},
        {"؟": "??.", "?": "؟.", "!": ".", ".": "!"},
    ),
    "el": ({",": "..·", "·": ",.", ";": "?", ":": ",", ".": ",", "!": "."}, {";": "??.", "!": ".", ".": "!"}),
    "hi": (
        {",": ".;", ";": ",", ":": ",", "।": "..,", ".": "।", "!": "।", "?": "।"},
        {"?": "।.", "!": "।", "।": ".", ".": "।"},
    ),
    "th": ({",": ".", ";": ",", ":": ","}, {}),
    "zh": (
        {"，": "、。", ",": "、。", "、": "，", "；": "。", "：": "，", "。": "，", "？": "。", "！": "。"},
        {"？": "。", "?": "。.", "！": "。", "!": "。", "。": "."},
    ),
}
_TWICE: Final = frozenset(",.?!،؟।，。？！、")
_OPENING: Final = "¿¡([«„“‘「『《"
_CLOSING: Final = {
    "?": "¿",
    "!": "¡",
    ")": "(",
    "]": "[",
    "»": "«",
    "”": "“„",
    "“": "„",
    "’": "‘",
    "」": "「",
    "』": "『",
    "》": "《",
}
_ALIKE: Final = "\"'"  # opens and closes
_PAIRED: Final = f"[{re.escape(_OPENING + ''.join(_CLOSING) + _ALIKE)}]"
_SPANISH: Final = frozenset("¿¡")


class Punctuation(RuleBased):
    """Marks are left out, replaced by another of the language's, doubled, or put where none is needed.

    Places are the punctuation marks outside words and, with ``insert``, a few ends of content words before a conjunction or
    relative, where a comma comes (all of them if it is the only part, and in a text without one all ends of content words; in
    Thai those before a space). A mark inside a number, an address or a joined word (3.5, 192.168.1.1, U.S.) belongs to it
    and stays. A mark becomes what people write instead of it: the last one of a text another that ends a sentence, a comma
    a full stop. Quotation marks and brackets are left out in pairs; ¿ and ¡ alone or with the mark that they open for,
    which becomes no other while they are there. No mark is left out of a text without words.

    Args:
        parts: the operations to choose from, any of drop, double, insert, wrong, each once; they come as often as in
            people's writing.

    Raises:
        SpecError: for another operation, one that is given twice, or none.
    """

    name: ClassVar[str] = "punctuation"
    version: ClassVar[str] = "3"
    languages: ClassVar[frozenset[str] | None] = frozenset(_INSTEAD)
    claims: ClassVar[frozenset[str]] = frozenset(
        {"keeps-names", "keeps-numbers", "keeps-negations", "writes-words", "keeps-sound", "survives-nfkc"}
    )
    severity_meaning: ClassVar[str] = (
        "expected share of places edited: punctuation marks that the parts can edit, and the few ends of words where a comma may be inserted"
    )
    source: ClassVar[str] = (
        "marks: Unicode CLDR 42, exemplarCharacters (punctuation) of each language; Unicode License v3; rates: Bawden & Sagot "
        "(2023), RoCS-MT: robustness challenge set for machine translation"
    )

    def __init__(self, parts: Sequence[str] | str = PARTS) -> None:
        chosen = choices("punctuation", "parts", parts, PARTS)
        self.parts = tuple(part for part in PARTS if part in chosen)

    def in_one_language(
        self, texts: Sequence[str], lang: str, severity: float, keys: NDArray[np.uint64]
    ) -> Sequence[str]:
        """Return the texts with other punctuation."""
        block = Block.join(texts)
        marks = single_marks(block)
        in_words = word_units(block, lang)
        at_marks = np.flatnonzero(marks & ~inside_words(block, spaced=has_spaces(lang)))
        at_ends = self._ends(block, in_words, marks, lang, keys) if "insert" in self.parts else at_marks[:0]
        start = np.concatenate([at_marks, at_ends])
        order = np.argsort(start, kind="stable")  # no position is both: an end has no mark
        stop = np.concatenate([at_marks + 1, at_ends])[order]
        places = Units.of(block, start[order], stop)
        leader, opened = _pairs(block, places)
        chosen = np.flatnonzero(places.chosen(keys, severity)[leader])
        new = self._marks(block, places, chosen, leader, opened, lang, keys, in_words)
        along = [
            opened[place] for place, mark in zip(chosen.tolist(), new, strict=True) if not mark and place in opened
        ]
        if along := sorted(set(along) - set(chosen.tolist())):  # ¿ goes with its ?
            chosen = np.concatenate([chosen, along])
            order = np.argsort(chosen, kind="stable")
            new = [[*new, *[""] * len(along)][place] for place in order.tolist()]
            chosen = chosen[order]
        places = places.take(chosen)
        return splice_strings(block, _with_space(block, places, new), places.stop, new).texts()

    def _ends(
        self, block: Block, units: Units, marks: NDArray[np.bool_], lang: str, keys: NDArray[np.uint64]
    ) -> NDArray[np.int64]:
        """Return the ends of words that are places."""
        ends = units.stop
        last = np.append(np.diff(units.row) != 0, True)[: len(units)]
        fits = ~marks[ends] & ~last & ~open_before(block, ends)
        if len(self.parts) > 1:
            fits &= units.draw(keys, _END) < _INSERTED
        some = np.flatnonzero(fits)
        if lang == "th":
            some = some[is_space(block, ends[some])]
            return ends[some]
        some = some[units.start[some + 1] - ends[some] == has_spaces(lang)]
        before, after = units.take(some).strings(block), units.take(some + 1).strings(block)
        openers, functions = _openers(lang), function_words(lang)
        content = np.array([word not in functions for word in before], dtype=bool)
        found = content & np.array([word in openers for word in after], dtype=bool)
        if self.parts == ("insert",):  # nothing else can be done to a text without such a place
            rows = units.row[some]
            found |= content & ~np.isin(rows, rows[found])
        places: NDArray[np.int64] = ends[some[found]]
        return places

    def _marks(
        self,
        block: Block,
        places: Units,
        chosen: NDArray[np.int64],
        leader: NDArray[np.int64],
        opened: Mapping[int, int],
        lang: str,
        keys: NDArray[np.uint64],
        in_words: Units,
    ) -> list[str]:
        """Return what replaces each chosen place."""
        draws = places.take(leader[chosen]).draws(keys)
        operation, mark = draws.uniform(_OPERATION).tolist(), draws.uniform(_MARK).tolist()
        here = places.take(chosen)
        end_of_words = np.full(len(block), -1)
        end_of_words[in_words.row] = in_words.stop  # of the last one: rows ascend
        worded = (end_of_words[here.row] >= 0).tolist()
        final = (here.start >= end_of_words[here.row]).tolist()
        alone = (leader[chosen] == chosen).tolist()
        instead, after = _INSTEAD[lang], []
        for place, old, first, second, droppable, ends, single in zip(
            chosen.tolist(), here.strings(block), operation, mark, worded, final, alone, strict=True
        ):
            if not old:
                after.append(_COMMA.get(lang, ","))
                continue
            others = "" if place in opened or not single else instead[ends].get(old, "")
            new = {"wrong": others[int(second * len(others))]} if others else {}
            new |= {"drop": ""} if droppable else {}
            new |= {"double": old * 2} if old in _TWICE or (lang == "el" and old == ";") else {}
            possible = [part for part in self.parts if part in new]
            after.append(new[_drawn(possible, first)] if possible else old)
        return after


@cache
def _openers(lang: str) -> frozenset[str]:
    return frozenset(_OPENERS[lang].split())


def _pairs(block: Block, places: Units) -> tuple[NDArray[np.int64], dict[int, int]]:
    """Return which place decides for each place, int64 [places], and the Spanish opening mark of closing ones.

    The second of two quotation marks or brackets follows the first; other places decide for themselves.
    """
    leader, opened = np.arange(len(places)), dict[int, int]()
    paired = matching(_PAIRED)
    codes = block.codes.take(np.minimum(places.start, len(block.codes) - 1))
    some = np.flatnonzero(paired.take(codes) & (places.stop > places.start))
    waiting: list[tuple[str, int]] = []
    row = -1
    for place, text, code in zip(some.tolist(), places.row[some].tolist(), codes[some].tolist(), strict=True):
        mark = chr(code)
        if text != row:
            waiting, row = [], text
        wanted = mark if mark in _ALIKE else _CLOSING.get(mark, "")
        at = next((at for at in range(len(waiting) - 1, -1, -1) if waiting[at][0] in wanted), -1)
        if at >= 0:
            opening, first = waiting[at]
            del waiting[at:]
            if opening in _SPANISH:
                opened[place] = first
            else:
                leader[place] = first
        elif mark in _OPENING or mark in _ALIKE:
            waiting.append((mark, place))
    return leader, opened


def _with_space(block: Block, places: Units, new: list[str]) -> NDArray[np.int64]:
    """Return where the places start, with the space before a mark that is left out between two spaces or at the end."""
    gone = np.fromiter((not mark for mark in new), dtype=bool, count=len(new)) & (places.stop > places.start)
    inside = gone & ~np.isin(places.start, block.offsets)
    spaces = is_space(block, np.maximum(places.start - 1, 0)) & is_space(block, places.stop)
    start: NDArray[np.int64] = places.start - (inside & spaces)
    return start


def _drawn(possible: Sequence[str], drawn: float) -> str:
    """Return one of the operations, by its share among them; drawn: in [0, 1)."""
    limit = drawn * sum(_SHARES[part] for part in possible)
    for part in possible[:-1]:
        limit -= _SHARES[part]
        if limit < 0:
            return part
    return possible[-1]
