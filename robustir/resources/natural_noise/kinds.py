"""Which kinds of edit lead from a clean text to a noisy one: keys, doubles, swaps, case, spaces, marks, whole words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Final
from unicodedata import category, normalize

from robustir.perturbations.typing.keyboards import layout
from robustir.perturbations.typing.pinyin import homophones
from robustir.text.alignment import Edit, alignment
from robustir.text.words import word_spans

__all__ = ["LETTER_KINDS", "PLACES", "SIDE_KINDS", "Found", "edits_of", "near_keys"]

LETTER_KINDS: Final = (
    "deletion",
    "double reduced",
    "neighbour substituted",
    "far substituted",
    "accent",
    "neighbour inserted",
    "letter doubled",
    "far inserted",
    "transposition",
)
SIDE_KINDS: Final = (
    "case",
    "space lost",
    "space added",
    "mark lost",
    "mark added",
    "mark changed",
    "digit",
    "word lost",
    "word added",
    "word replaced",
)
PLACES: Final = ("first", "middle", "last")
_REPLACED = 3  # letter edits in one word, if they are also more than half of its letters


@dataclass(frozen=True, slots=True)
class Found:
    """One edit: its kind, the number of the clean word (-1: none), and where in it (one of PLACES, or nothing)."""

    kind: str
    word: int = -1
    place: str = ""


def edits_of(clean: str, noisy: str, lang: str) -> tuple[list[tuple[int, int]], list[Found]]:
    """Return the spans of the clean words, and all edits by kind."""
    spans = word_spans(clean, lang)
    if clean == noisy:
        return spans, []
    edits, found = _whole_words(alignment(clean, noisy), clean, noisy, spans)
    reader = _Reader(clean, noisy, spans, lang)
    found += map(reader.kind, edits)
    return spans, list(_replaced(found, spans))


def _whole_words(
    edits: Sequence[Edit], clean: str, noisy: str, spans: Sequence[tuple[int, int]]
) -> tuple[list[Edit], list[Found]]:
    """Take out words that were lost or added as a whole, with their space."""
    left: list[Edit] = []
    found: list[Found] = []
    for run in _runs(edits):
        deleted = run[0].kind == "deletion"
        side, start = (clean, run[0].clean) if deleted else (noisy, run[0].noisy)
        start = _slid(side, start, len(run)) if run[0].kind in ("deletion", "insertion") else -1
        words = side[start : start + len(run)].split() if start >= 0 else []
        if not any(any(map(str.isalnum, word)) for word in words):
            left += run
        elif deleted:
            stop = start + len(run)
            lost = [number for number, (first, last) in enumerate(spans) if start <= first and last <= stop]
            found += [Found("word lost", number) for number in lost]
        else:
            found += [Found("word added") for _ in words]
    return left, found


def _runs(edits: Sequence[Edit]) -> Iterator[list[Edit]]:
    """Yield deletions, and insertions, that follow one another without a gap; other edits one by one."""

    def chain(numbered: tuple[int, Edit]) -> tuple[str, int, int]:
        number, edit = numbered
        if edit.kind == "deletion":
            return edit.kind, edit.clean - number, edit.noisy
        return edit.kind, edit.clean, edit.noisy - number if edit.kind == "insertion" else number

    for _, run in groupby(enumerate(edits), chain):
        yield [edit for _, edit in run]


def _slid(text: str, start: int, length: int) -> int:
    """Return where a run that is a word with its space begins, moved left as far as the text allows; -1 if it is none."""
    for moved in range(start, max(-1, start - length) - 1, -1):
        stop = moved + length
        run, before, after = text[moved:stop], text[moved - 1 : moved], text[stop : stop + 1]
        if any(map(str.isspace, run)) and (
            (run[0].isspace() and not after.isalnum()) or (run[-1].isspace() and not before.isalnum())
        ):
            return moved
        if moved == 0 or text[moved - 1] != text[stop - 1]:
            break
    return -1


def _replaced(found: Sequence[Found], spans: Sequence[tuple[int, int]]) -> Iterator[Found]:
    """Yield the edits; letter edits that leave little of a word are one replaced word."""
    counts = Counter(edit.word for edit in found if edit.kind in LETTER_KINDS and edit.word >= 0)
    gone = {
        word for word, count in counts.items() if count >= _REPLACED and 2 * count > spans[word][1] - spans[word][0]
    }
    yield from (Found("word replaced", word) for word in sorted(gone))
    yield from (edit for edit in found if edit.word not in gone or edit.kind not in LETTER_KINDS)


class _Reader:
    """Reads single edits of one pair of texts."""

    def __init__(self, clean: str, noisy: str, spans: Sequence[tuple[int, int]], lang: str) -> None:
        self._clean, self._noisy, self._spans = clean, noisy, spans
        self._near = near_keys(lang)
        self._owner = [-1] * (len(clean) + 2)  # the last one is also that of position -1
        for number, (start, stop) in enumerate(spans):
            self._owner[start:stop] = [number] * (stop - start)

    def kind(self, edit: Edit) -> Found:
        """Return what an edit is."""
        at, old = edit.clean, self._clean[edit.clean : edit.clean + 1]
        if edit.kind == "transposition":
            inside = self._owner[at] >= 0 and self._owner[at] == self._owner[at + 1]
            if inside and _letter(old) and _letter(self._clean[at + 1]):
                return Found("transposition", self._owner[at], self._place(at, 2))
            return Found(
                "space lost" if self._clean[at : at + 2].split() != [self._clean[at : at + 2]] else "mark changed"
            )
        if edit.kind == "deletion":
            return self._lost(at, old)
        if edit.kind == "insertion":
            return self._added(at, self._noisy[edit.noisy])
        return self._other(at, old, self._noisy[edit.noisy])

    def _lost(self, at: int, old: str) -> Found:
        if old.isspace():
            return Found("space lost")
        if not _letter(old):
            return Found("digit" if old.isdigit() else "mark lost", self._owner[at])
        beside = {self._clean[at - 1 : at].lower(), self._clean[at + 1 : at + 2].lower()}
        return Found("double reduced" if old.lower() in beside else "deletion", self._owner[at], self._place(at))

    def _added(self, at: int, new: str) -> Found:
        before, after = self._owner[at - 1] if at else -1, self._owner[at]
        word = before if before >= 0 else after
        if new.isspace():
            return Found("space added", word if before == after else -1)
        if not _letter(new) or word < 0:
            return Found("digit" if new.isdigit() else "mark added", word)
        beside = [self._clean[place] for place in (at - 1, at) if place >= 0 and self._owner[place] == word]
        start, stop = self._spans[word]
        if any(new.lower() == letter.lower() for letter in beside):
            same = at - 1 if at and self._clean[at - 1].lower() == new.lower() else at
            return Found("letter doubled", word, self._place(same))
        near = any(new.lower() in self._near.get(letter.lower(), ()) for letter in beside)
        place = "first" if at == start else "last" if at == stop else "middle"
        return Found("neighbour inserted" if near else "far inserted", word, place)

    def _other(self, at: int, old: str, new: str) -> Found:
        if old.lower() == new.lower():
            return Found("case", self._owner[at])
        if old.isspace() or new.isspace():
            return Found("space lost" if old.isspace() else "space added", self._owner[at])
        if not _letter(old):
            return Found("digit" if old.isdigit() else "mark changed", self._owner[at])
        if _base(old) == _base(new):
            return Found("accent", self._owner[at], self._place(at))
        near = new.lower() in self._near.get(old.lower(), ())
        return Found("neighbour substituted" if near else "far substituted", self._owner[at], self._place(at))

    def _place(self, at: int, length: int = 1) -> str:
        word = self._owner[at]
        if word < 0:
            return ""
        start, stop = self._spans[word]
        return "first" if at == start else "last" if at + length >= stop else "middle"


def _letter(character: str) -> bool:
    return category(character)[0] in "LM"


def _base(letter: str) -> str:
    return normalize("NFD", letter.lower())[0].replace("đ", "d").replace("ı", "i")


@cache
def near_keys(lang: str) -> dict[str, frozenset[str]]:
    """Return which lower-case characters are a neighbouring key's, or the other level of the same key, for each character."""
    near: dict[str, set[str]] = {}
    for code in dict.fromkeys(("en", lang)):
        keys = layout(code)
        for letter, others in keys.neighbours.items():
            near.setdefault(letter, set()).update(others)
        for letter, other in keys.other_level.items():
            near.setdefault(letter, set()).add(other)
    if lang == "zh":
        near |= {letter: set(others) for letter, others in homophones().items()}
    return {letter: frozenset(others) for letter, others in near.items()}
