"""What a system's translation did to each word of a reference: kept, moved, replaced, dropped; and what it added.

Equal words in the longest common subsequence are kept in their place. Of the rest, an equal content word is one that
moved; then words that look alike or share a translation are paired, the nearest first; what is left between the same
two kept words is paired in order, and the remainder was dropped or added.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Self

import numpy as np

from robustir.perturbations.mt.mt_rates import FARTHEST, OUTCOMES, Counts
from robustir.perturbations.mt.mt_words import CLASSES, FUNCTION, NAME, NUMBER, round_trip, word_classes
from robustir.perturbations.shared.numbered_units import whole_word_units
from robustir.perturbations.tables.lexicons import fold
from robustir.text.blocks import Block

__all__ = ["Sentence", "Tally", "compare"]

_ALIKE = 0.6  # similarity (1 - insertions and deletions / both lengths) from which words are forms of one
_ALIKE_SHORT = 0.5  # where words have one to three characters (Chinese)
_ALIKE_NUMBER = 0.5
_STEM = 3  # letters that forms of one word begin with (Chinese: one)
_KEPT, _DROPPED, _LEXICAL, _FORM, _UNTRANSLATED, _OTHER = range(len(OUTCOMES))


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence. words: folded forms, in order; classes: of each word; titled: whether it begins with a capital."""

    words: tuple[str, ...]
    classes: tuple[int, ...]
    titled: tuple[bool, ...]

    @classmethod
    def all_of(cls, texts: Sequence[str], lang: str) -> list[Self]:
        """Read texts."""
        block = Block.join(texts)
        units = whole_word_units(block, lang)
        classes = word_classes(block, units, lang, np.arange(len(units))).tolist()
        forms = units.strings(block)
        bounds = np.searchsorted(units.row, np.arange(len(texts) + 1)).tolist()
        return [
            cls(
                tuple(fold(form, lang) for form in forms[first:last]),
                tuple(classes[first:last]),
                tuple(form[:1].isupper() for form in forms[first:last]),
            )
            for first, last in pairwise(bounds)
        ]


@dataclass(slots=True)
class Tally:
    """What happened to the words of many sentences; the fields are those of :class:`Counts`."""

    outcomes: list[list[int]] = field(default_factory=lambda: [[0] * len(OUTCOMES) for _ in CLASSES])
    moves: list[int] = field(default_factory=lambda: [0] * FARTHEST)
    added: list[int] = field(default_factory=lambda: [0, 0])
    added_words: Counter[str] = field(default_factory=Counter)

    def counts(self) -> Counts:
        """Return the counts as a table has them."""
        return Counts(tuple(map(tuple, self.outcomes)), tuple(self.moves), (self.added[0], self.added[1]))


def compare(reference: Sentence, made: Sentence, original: frozenset[str], tally: Tally, pair: tuple[str, str]) -> None:
    """Add one translated sentence to the tally.

    original: the folded words of the sentence that was translated; pair: its language and the one of the translation.
    """
    anchors = _common(reference.words, made.words)
    outcome = dict.fromkeys((left for left, _ in anchors), _KEPT)
    used = {right for _, right in anchors}
    for first, second, kind, distance in _related(reference, made, anchors, pair):
        if first not in outcome and second not in used:
            outcome[first] = kind
            used.add(second)
            if kind == _KEPT:
                tally.moves[min(FARTHEST, max(1, distance)) - 1] += 1
    _between(reference, made, anchors, outcome, used, original)
    for at, kind in enumerate(reference.classes):
        tally.outcomes[kind][outcome.get(at, _DROPPED)] += 1
    for at, kind in enumerate(made.classes):
        if at not in used:
            tally.added[kind != FUNCTION] += 1
            if kind == FUNCTION:
                tally.added_words[made.words[at]] += 1


def _common(one: Sequence[str], other: Sequence[str]) -> list[tuple[int, int]]:
    from rapidfuzz.distance import LCSseq

    return [
        (part.src_start + step, part.dest_start + step)
        for part in LCSseq.opcodes(one, other)
        if part.tag == "equal"
        for step in range(part.src_end - part.src_start)
    ]


def _related(
    reference: Sentence, made: Sentence, anchors: Sequence[tuple[int, int]], pair: tuple[str, str]
) -> list[tuple[int, int, int, int]]:
    """Return (reference word, word of the translation, outcome, distance), the surest and nearest first."""
    left = sorted(set(range(len(reference.words))) - {first for first, _ in anchors})
    right = sorted(set(range(len(made.words))) - {second for _, second in anchors})
    known = {second: first for first, second in anchors}
    before, last = [], -1  # the reference word that the kept word before each word of the translation stands for
    for at in range(len(made.words)):
        last = known.get(at, last)
        before.append(last)
    found = []
    for first in left:
        for second in right:
            distance = before[second] - first if before[second] > first else first - before[second] - 1  # words between
            if distance <= FARTHEST:
                rank = _relation(
                    (reference.words[first], reference.classes[first]), (made.words[second], made.classes[second]), pair
                )
                if rank is not None:
                    found.append((rank, distance, first, second))
    return [
        (first, second, (_KEPT, _FORM, _LEXICAL)[rank], distance) for rank, distance, first, second in sorted(found)
    ]


def _relation(one: tuple[str, int], other: tuple[str, int], pair: tuple[str, str]) -> int | None:
    """Return 0 for the same word, 1 for another form, 2 for another translation, None for neither; (word, class) each."""
    from rapidfuzz.distance import Indel

    (word, kind), (made, made_kind) = one, other
    if word == made:
        return None if kind == FUNCTION else 0  # a function word elsewhere is another one
    if NUMBER in {kind, made_kind}:
        alike = kind == made_kind and Indel.normalized_similarity(word, made) >= _ALIKE_NUMBER
        return 1 if alike else None
    least, stem = (_ALIKE_SHORT, 1) if pair[1] == "zh" else (_ALIKE, _STEM)
    same_start = FUNCTION not in {kind, made_kind} and word[:stem] == made[:stem]
    if same_start and Indel.normalized_similarity(word, made) >= least:
        return 1
    return 2 if kind != NAME and made in _other_translations(word, pair) else None


@cache
def _other_translations(word: str, pair: tuple[str, str]) -> frozenset[str]:
    source, lang = pair
    return frozenset(fold(found, lang) for found, _ in round_trip(word, lang, source))


def _between(
    reference: Sentence,
    made: Sentence,
    anchors: Sequence[tuple[int, int]],
    outcome: dict[int, int],
    used: set[int],
    original: frozenset[str],
) -> None:
    """Pair what is left between the same two kept words, in order."""
    bounds = [(-1, -1), *anchors, (len(reference.words), len(made.words))]
    known = set(reference.words)
    for (left_from, right_from), (left_to, right_to) in pairwise(bounds):
        left = [at for at in range(left_from + 1, left_to) if at not in outcome]
        right = [at for at in range(right_from + 1, right_to) if at not in used]
        for first, second in zip(left, right, strict=False):
            word = made.words[second]
            # Names and numbers are copied from the source by good systems as well.
            copied = word in original and word not in known and not made.titled[second]
            outcome[first] = _UNTRANSLATED if copied and made.classes[second] != NUMBER else _OTHER
            used.add(second)
