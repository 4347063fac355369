"""Which pairs a step sees, in which languages: the samplings x-x, x-y and hybrid.

Every decision is a function of (seed, step), so that a resumed training goes on as if nothing had happened. Shelf and
items are drawn by streams of their own, before and apart from the languages: trainings that differ in the sampling
alone see the same items in the same order wherever their shelves serve both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from robustir.errors import DataError
from robustir.training.config import TrainingConfig
from robustir.training.data.shelves import Shelf

__all__ = ["Batch", "Draw", "Sampler"]

MIXED = ("mixed", ("mul", "mul"))  # source and languages of a batch of several draws


@dataclass(frozen=True, slots=True)
class Draw:
    """Pairs of a batch that come from one shelf in the same languages; size: how many."""

    source: str
    langs: tuple[str, str]
    size: int
    whole: bool

    @property
    def kind(self) -> str:
        """ "x-x" or "x-y", by the languages."""
        return "x-x" if self.langs[0] == self.langs[1] else "x-y"


@dataclass(frozen=True, slots=True)
class Batch:
    """One step's pairs. left, right: int64 [b], numbers of texts; kind: "x-x" or "x-y"; langs: of left and right.

    draws: what the pairs are made of, in their order; empty for one shelf, which the other fields describe.
    """

    kind: str
    source: str
    langs: tuple[str, str]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    whole: bool
    draws: tuple[Draw, ...] = ()


class Sampler:
    """Draws batches. Each comes from ``mixed`` shelves; what comes of one has one language, or one ordered pair of them."""

    def __init__(self, shelves: Sequence[Shelf], config: TrainingConfig) -> None:
        self._config = config
        self._shared = [
            [shelf for shelf in shelves if shelf.source == source]
            for source, count in config.shared.items()
            for _ in range(count)
        ]
        if not all(self._shared):
            raise DataError(f"shared: {', '.join(config.shared)} have no pairs in {', '.join(config.languages)}")
        shelves = [shelf for shelf in shelves if shelf.source not in config.shared]
        # A translation has no monolingual form but a part of the sentence, and without parts there is none.
        self._serving = {
            "x-x": [shelf for shelf in shelves if not shelf.whole or config.parts > 0],
            "x-y": [shelf for shelf in shelves if len(shelf.langs) > 1],
        }
        self._arrays = {
            id(shelf): {
                lang: (np.array(shelf.left[lang], dtype=np.int64), np.array(shelf.right[lang], dtype=np.int64))
                for lang in shelf.langs
            }
            for shelf in (*shelves, *chain(*self._shared))
        }
        share = config.monolingual_share
        for kind, needed in (("x-x", share > 0), ("x-y", share < 1)):
            if needed and not self._serving[kind]:
                raise DataError(
                    f"sampling {config.sampling!r} needs {kind} pairs, and {', '.join(config.sources)} have none in "
                    f"{', '.join(config.languages)}; add a source or languages"
                    + (", or set parts above 0" if kind == "x-x" else "")
                )
        kinds = [kind for kind, needed in (("x-x", share > 0), ("x-y", share < 1)) if needed]
        reached = {lang for kind in kinds for shelf in self._serving[kind] for lang in shelf.langs}
        if missing := [lang for lang in config.languages if lang not in reached]:
            raise DataError(
                f"no {' or '.join(kinds)} pairs in {', '.join(missing)}: {', '.join(config.sources)} have none that "
                f"sampling {config.sampling!r} can use; take the languages out, or add a source"
            )
        self._chances = {kind: self._chance(serving) for kind, serving in self._serving.items()}
        self._shared_chances = [self._chance(serving) for serving in self._shared]

    def _chance(self, shelves: Sequence[Shelf]) -> NDArray[np.float64]:
        size = np.array([len(shelf) for shelf in shelves], dtype=np.float64)
        if self._config.language_choice == "uniform":
            totals: Counter[tuple[str, ...]] = Counter()
            for shelf in shelves:
                totals[shelf.langs] += len(shelf)
            # A set of languages with fewer items than a batch (two sentences in four languages) comes up less often.
            size /= np.array([max(totals[shelf.langs], self._config.batch) for shelf in shelves], dtype=np.float64)
        size *= np.array([self._config.weights.get(shelf.source, 1.0) for shelf in shelves])  # type: ignore[call-overload]
        total = size.sum()
        return size / total if total > 0 else size

    def stream(self, step: int, what: int) -> np.random.Generator:
        """Return the generator of one decision of one step."""
        return np.random.Generator(np.random.Philox(key=[self._config.seed, step * 16 + what]))

    def batch(self, step: int) -> Batch:
        """Return the batch of a step."""
        kind = "x-x" if self.stream(step, 0).random() < self._config.monolingual_share else "x-y"
        streams = [self.stream(step, what) for what in (1, 2, 3)]
        size = self._config.batch
        if self._config.mixed == 1:
            return self._drawn(kind, self._serving[kind], self._chances[kind], size, streams)
        ends = [size * number // self._config.mixed for number in range(self._config.mixed + 1)]
        sizes = [last - first for first, last in pairwise(ends)]
        # What all samplings share comes first, so that the rest is drawn from the same place of the streams.
        parts = [
            self._drawn("x-x", serving, chance, count, streams)
            for serving, chance, count in zip(self._shared, self._shared_chances, sizes, strict=False)
        ]
        parts += [
            self._drawn(kind, self._serving[kind], self._chances[kind], count, streams) for count in sizes[len(parts) :]
        ]
        source, langs = MIXED
        return Batch(
            kind,
            source,
            langs,
            np.concatenate([part.left for part in parts]),
            np.concatenate([part.right for part in parts]),
            whole=all(part.whole for part in parts),
            draws=tuple(Draw(part.source, part.langs, len(part.left), part.whole) for part in parts),
        )

    def _drawn(
        self,
        kind: str,
        serving: Sequence[Shelf],
        chance: NDArray[np.float64],
        size: int,
        streams: Sequence[np.random.Generator],
    ) -> Batch:
        """Return pairs of one of the serving shelves; streams: of the shelf, the items and the languages."""
        at = np.searchsorted(np.cumsum(chance), streams[0].random(), side="right")
        shelf = serving[min(int(at), len(serving) - 1)]
        items = streams[1].permutation(len(shelf))[:size]
        langs = streams[2].permutation(len(shelf.langs))
        one = shelf.langs[langs[0]]
        other = one if kind == "x-x" else shelf.langs[langs[1]]
        arrays = self._arrays[id(shelf)]
        return Batch(
            kind, shelf.source, (one, other), arrays[one][0][items], arrays[other][1][items], whole=shelf.whole
        )
