"""Which words a recogniser takes for a word: others of the same or a near sound, and two words that sound as one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from math import log2
from typing import Final

import numpy as np
from numpy.typing import NDArray

from robustir.resources.recognition.sound_distance import between, length, lengths

__all__ = ["Heard", "near_words"]

_KEPT: Final = 6  # words per word
_LOOKED_AT: Final = 60  # per word, nearest ones by plain edits
_FAR: Final = 0.34  # of the distance over the mean number of sounds
_FAR_SHORT: Final = 0.6  # the distance of words of few sounds
_FAR_FRAME: Final = 1.0  # of two function words of few sounds
_FEW: Final = 2.5
_RARE: Final = 0.03  # what each doubling of the rank costs beyond the first thousand
_OTHER_FRAME: Final = 0.12  # what a function word costs instead of a content word, and the other way round
_KNOWN_WELL: Final = (
    2_000  # a function word is taken for one of the most frequent words, and for no name or noun with a capital
)
_HALF: Final = 2  # sounds that each of two words has at least
_PARTS: Final = 3_000  # words two of which stand for one are among the most frequent
_SPLITS: Final = 2
_FAR_PAIR: Final = 0.4  # of two words from the one that they stand for


@dataclass(frozen=True, slots=True)
class Heard:
    """A word, the words that it is taken for, nearest first, and the pairs of words that sound as it does."""

    word: str
    others: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]


def near_words(
    words: Sequence[str],
    sounds: Sequence[tuple[str, ...]],
    functions: Collection[str],
    fold: Callable[[str], str],
    *,
    splits: bool,
    progress: Callable[[], None],
) -> Iterator[Heard]:
    """Yield what each word is taken for; words: the most frequent first; sounds: of each; functions: folded function words.

    Cost is the distance in sounds over their mean number, with a little for rare words, and for function words instead of
    content words. splits: also look for two words that sound as one.
    """
    coded = _coded(sounds)
    folded = [fold(word) for word in words]
    frame = [word in functions for word in folded]
    halves = _Halves(words, sounds, frame) if splits else None
    candidates = [*_candidates(coded)]
    rows = np.repeat(np.arange(len(words)), [len(each) for each in candidates])
    others = np.concatenate(candidates)
    fits, plain = _fits(words, sounds, folded, frame, rows, others)
    rows, others, plain = rows[fits], others[fits], plain[fits]
    sizes = np.array([len(word) for word in sounds])
    mean = (sizes[rows] + sizes[others]) / 2
    both = np.array(frame)[rows] & np.array(frame)[others]
    most = np.maximum(_FAR * mean, np.where(mean <= _FEW, np.where(both, _FAR_FRAME, _FAR_SHORT), 0.0))
    far = lengths(sounds, rows, others)
    rare = _RARE * np.maximum(0.0, np.log2((others + 1) / 1000))
    cost = far / mean + rare + _OTHER_FRAME * (np.array(frame)[rows] != np.array(frame)[others])
    near = np.flatnonzero((far <= most) & (plain | (far == 0)))
    near = near[np.lexsort((others[near], cost[near], rows[near]))]
    begin = np.searchsorted(rows[near], np.arange(len(words) + 1))
    for row, word in enumerate(words):
        progress()
        kept: list[int] = others[near[begin[row] : begin[row + 1]]][:_KEPT].tolist()
        pairs = halves.of(row) if halves is not None and sounds[row] else ()
        yield Heard(word, tuple(words[other] for other in kept), pairs)


def _fits(
    words: Sequence[str],
    sounds: Sequence[tuple[str, ...]],
    folded: Sequence[str],
    frame: Sequence[bool],
    rows: NDArray[np.int64],
    others: NDArray[np.int64],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which candidates come into question, and which do so if they sound otherwise: for a function word, frequent small ones.

    Both bool [candidates].
    """
    said = np.array([bool(word) for word in sounds])
    small = np.array([word == plain for word, plain in zip(words, folded, strict=True)])
    number = {plain: place for place, plain in enumerate(folded)}
    same = np.array([number[plain] for plain in folded])
    fits: NDArray[np.bool_] = said[rows] & said[others] & (same[rows] != same[others])
    return fits, (small[others] & (others < _KNOWN_WELL)) | ~np.array(frame)[rows]


def _coded(sounds: Sequence[tuple[str, ...]]) -> list[str]:
    """Return each word's sounds as one string, a character for each."""
    codes: dict[str, str] = {}
    return ["".join(codes.setdefault(sound, chr(0x4E00 + len(codes))) for sound in word) for word in sounds]


def _candidates(coded: Sequence[str]) -> Iterator[NDArray[np.int64]]:
    """Yield for each word the numbers of the words that are nearest by plain edits, frequent ones first among equals."""
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cdist

    rows = 256
    for start in range(0, len(coded), rows):
        part = coded[start : start + rows]
        table = cdist(part, coded, scorer=Levenshtein.distance, score_cutoff=6, dtype=np.uint8, workers=2)
        for distances, word in zip(table, part, strict=True):
            allowed = max(2, round(0.5 * len(word)))
            near = np.flatnonzero(distances <= allowed)
            order = np.argsort(distances[near], kind="stable")[:_LOOKED_AT]
            yield near[order].astype(np.int64)


class _Halves:
    """Words by their sounds with all vowels alike, to find two that sound as one."""

    def __init__(self, words: Sequence[str], sounds: Sequence[tuple[str, ...]], frame: Sequence[bool]) -> None:
        self._words, self._sounds, self._frame = words, sounds, frame
        self._by_key: dict[tuple[str, ...], list[int]] = {}
        for number, word in enumerate(sounds[:_PARTS]):
            if len(words[number]) > 1 and (len(word) >= _HALF or frame[number]):
                self._by_key.setdefault(_key(word), []).append(number)

    def of(self, row: int) -> tuple[tuple[str, str], ...]:
        """Return the pairs of words that sound as a word does, the nearest first."""
        word = self._sounds[row]
        found = []
        for cut in range(1, len(word)):
            left, right = word[:cut], word[cut:]
            if len(right) < _HALF or len(word) < 2 * _HALF + 1:
                continue
            for one, far in self._best(left, row):
                for other, further in self._best(right, row):
                    if far + further <= _FAR_PAIR:
                        rank = _RARE * (log2(one + 2) + log2(other + 2))
                        found.append((far + further + rank, self._words[one], self._words[other]))
        return tuple((one, other) for _, one, other in sorted(found)[:_SPLITS])

    def _best(self, part: tuple[str, ...], row: int) -> list[tuple[int, float]]:
        known = [number for number in self._by_key.get(_key(part), ()) if number != row]
        ranked = sorted((length(part, self._sounds[number], _FAR_PAIR), number) for number in known)
        return [(number, distance) for distance, number in ranked[:1]]


def _key(word: tuple[str, ...]) -> tuple[str, ...]:
    return tuple("V" if between(sound, "a") <= 0.5 else sound for sound in word if sound != "ː")
