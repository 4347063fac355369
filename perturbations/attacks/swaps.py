"""What an attack may write instead of a word: a fixed number of candidates per word, drawn from the text's key alone.

No candidate depends on the attacked encoder or on the severity, so every encoder is attacked with the same swaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from robustir.perturbations.attacks.masked_words import MaskedWords
from robustir.perturbations.homoglyph import Homoglyph
from robustir.perturbations.tables.lexicons import fold, function_words, name_words, synonyms
from robustir.perturbations.typing.mistyping import mistyped
from robustir.perturbations.typing.rates import OPERATIONS
from robustir.seeds import key_array, uniforms
from robustir.text.blocks import Block, ragged_arange
from robustir.text.protected import protected_words
from robustir.text.words import block_word_spans

__all__ = ["BUDGET", "SWAPS", "Attackable", "Word", "budget", "may_change", "prepare"]

SWAPS: Final = (*OPERATIONS, "synonym", "mlm")

BUDGET: Final = 1 << 40  # address of the draw that rounds the number of edits
_FIRST, _SECOND = 101, 102  # slots of the two halves of a candidate's key
_ATTEMPTS = 4  # draws per wanted candidate: short words give the same one more than once
_SYNONYMS, _CHANCE = 8, 0.1  # the best ones of a word, to choose from, and how probable they must be at least


@dataclass(frozen=True, slots=True)
class Word:
    """An attackable word: its place in the clean text (code points) and what may replace it."""

    start: int
    stop: int
    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attackable:
    """One query as an attack sees it; ``words`` counts all its words, protected ones too."""

    text: str
    words: int
    open: tuple[Word, ...]

    def write(self, edits: Sequence[tuple[int, str]]) -> str:
        """Return the text with (number of the open word, what replaces it); at most one edit per word."""
        parts, at = [], 0
        for number, swap in sorted(edits):
            word = self.open[number]
            parts += [self.text[at : word.start], swap]
            at = word.stop
        return "".join([*parts, self.text[at:]])

    def without(self, number: int) -> str:
        """Return the text without one word and one space beside it."""
        word = self.open[number]
        before, after = self.text[: word.start], self.text[word.stop :]
        return before + (after[1:] if before.endswith(" ") and after.startswith(" ") else after)


def budget(words: int, severity: float, drawn: float) -> int:
    """Return how many words may change: severity * words, rounded up with its fraction's chance (``drawn`` in [0, 1))."""
    return min(words, int(np.floor(severity * words + drawn)))


def _spans(texts: Sequence[str], lang: str) -> list[list[tuple[int, int]]]:
    block = Block.join(texts)
    starts, stops = block_word_spans(block, lang)
    rows = block.rows(starts)
    spans: list[list[tuple[int, int]]] = [[] for _ in texts]
    first = block.offsets[rows]
    for row, start, stop in zip(rows.tolist(), (starts - first).tolist(), (stops - first).tolist(), strict=True):
        spans[row].append((start, stop))
    return spans


def prepare(
    texts: Sequence[str],
    lang: str,
    keys: Sequence[bytes],
    *,
    swaps: Sequence[str],
    candidates: int,
    model: MaskedWords | None = None,
) -> list[Attackable]:
    """Return the texts of one language with up to ``candidates`` swaps per word that may change.

    Function words, numbers, acronyms and probable names stay. ``model`` makes the swaps of the kind ``mlm``.
    """
    spans = _spans(texts, lang)
    open_spans = [
        [
            (number, start, stop)
            for number, ((start, stop), free) in enumerate(
                zip(units, may_change([text[start:stop] for start, stop in units], lang), strict=True)
            )
            if free
        ]
        for text, units in zip(texts, spans, strict=True)
    ]
    drawn = _draw(texts, open_spans, lang, keys, swaps, candidates, model)
    return [
        Attackable(
            text,
            len(all_spans),
            tuple(
                Word(start, stop, options) for (_, start, stop), options in zip(units, choices, strict=True) if options
            ),
        )
        for text, all_spans, units, choices in zip(texts, spans, open_spans, drawn, strict=True)
    ]


def may_change(words: Sequence[str], lang: str) -> list[bool]:
    """Say of each word of a text whether an attack may touch it."""
    function, names = function_words(lang), name_words(lang)
    return [
        not (protected or (folded := fold(word, lang)) in function or folded in names)
        for word, protected in zip(words, protected_words(words, lang), strict=True)
    ]


def _draw(
    texts: Sequence[str],
    spans: Sequence[Sequence[tuple[int, int, int]]],
    lang: str,
    keys: Sequence[bytes],
    swaps: Sequence[str],
    candidates: int,
    model: MaskedWords | None,
) -> list[list[tuple[str, ...]]]:
    """Return the candidates of every open word of every text; the kinds of swaps take turns."""
    sizes = np.array([len(units) for units in spans], dtype=np.int64)
    words = [text[start:stop] for text, units in zip(texts, spans, strict=True) for _, start, stop in units]
    if not words:
        return [[] for _ in texts]
    unit = np.array([number for units in spans for number, _, _ in units], dtype=np.int64)
    row_keys = key_array(keys)[np.repeat(np.arange(len(texts)), sizes)]
    share = -(-candidates // len(swaps)) * _ATTEMPTS
    swapped = [
        _guessed(texts, spans, lang, model, share)
        if swap == "mlm"
        else _MAKERS.get(swap, _typed)(words, lang, _child_keys(row_keys, unit, kind * share, share), swap)
        for kind, swap in enumerate(swaps)
    ]
    chosen = []
    for number, word in enumerate(words):
        turns = (swapped[kind][number * share + turn] for turn in range(share) for kind in range(len(swaps)))
        distinct = dict.fromkeys(other for other in turns if other != word)
        chosen.append(tuple(distinct)[:candidates])
    ends = np.cumsum(sizes)
    return [chosen[end - size : end] for end, size in zip(ends.tolist(), sizes.tolist(), strict=True)]


def _child_keys(row_keys: NDArray[np.uint64], unit: NDArray[np.int64], first: int, attempts: int) -> NDArray[np.uint64]:
    """Return the keys of the attempts on every word, uint64 [words * attempts, 2], those of a word together."""
    parents = np.repeat(row_keys, attempts, axis=0)
    place = np.repeat(unit << 16, attempts) + ragged_arange(
        np.full(len(unit), first), np.full(len(unit), attempts, dtype=np.int64)
    )
    halves = [uniforms(parents, place, slot) * 2.0**53 for slot in (_FIRST, _SECOND)]
    return np.stack(halves, axis=1).astype(np.uint64)


def _typed(words: Sequence[str], lang: str, keys: NDArray[np.uint64], kind: str) -> list[str]:
    """Return every word with one typing error per key; a word without a place for it comes back unchanged."""
    attempts = len(keys) // len(words)
    return mistyped([word for word in words for _ in range(attempts)], lang, 1.0, keys, (kind,), whole=True)


def _synonymous(words: Sequence[str], lang: str, keys: NDArray[np.uint64], kind: str) -> list[str]:  # noqa: ARG001 - as _typed
    """Return the best synonyms of every word in an order drawn from its keys; if there are too few, the word itself."""
    attempts = len(keys) // len(words)
    drawn = uniforms(keys, np.zeros(len(keys), dtype=np.int64)).reshape(len(words), attempts)
    synonyms_in_turn: list[str] = []
    for word, chances in zip(words, drawn.tolist(), strict=True):
        best = [other for other, chance in synonyms(word, lang)[: min(_SYNONYMS, attempts)] if chance >= _CHANCE]
        order = sorted(range(len(best)), key=chances.__getitem__)
        cased = [best[at][:1].upper() + best[at][1:] if word[0].isupper() else best[at] for at in order]
        synonyms_in_turn += [*cased, *[word] * (attempts - len(cased))]
    return synonyms_in_turn


def _guessed(
    texts: Sequence[str],
    spans: Sequence[Sequence[tuple[int, int, int]]],
    lang: str,
    model: MaskedWords | None,
    share: int,
) -> list[str]:
    """Return ``share`` guesses of the model for every word, the likeliest first; if there are too few, the word itself."""
    assert model is not None
    places = [[(start, stop) for _, start, stop in positions] for positions in spans]
    guessed: list[str] = []
    for text, positions, guesses in zip(texts, places, model.substitutes(texts, places, lang), strict=True):
        for (start, stop), words in zip(positions, guesses, strict=True):
            guessed += [*words[:share], *[text[start:stop]] * max(0, share - len(words))]
    return guessed


def _lookalike(words: Sequence[str], lang: str, keys: NDArray[np.uint64], kind: str) -> list[str]:  # noqa: ARG001 - as _typed
    """Return every word with one look-alike character per key; one that would introduce a digit comes back unchanged."""
    attempts = len(keys) // len(words)
    repeated = [word for word in words for _ in range(attempts)]
    lookalikes = Homoglyph().in_one_language(repeated, lang, 1.0, keys)
    digits = [any(map(str.isnumeric, other)) for other in lookalikes]
    return [word if digit else other for word, other, digit in zip(repeated, lookalikes, digits, strict=True)]


_MAKERS = {"synonym": _synonymous, "homoglyph": _lookalike}
