"""The rows of a setting in canonical order, reduced to sums per view (language or language pair) and group."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from robustir.evidence.scores import QueryScores
from robustir.stats import group_codes

__all__ = ["ViewRows"]

Floats = NDArray[np.float64]
Indexes = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class ViewRows:
    """Rows sorted by (query language, passage language, group, query id), so that no sum depends on the input order.

    views: (query language, passage language), sorted; labels: the groups' names, sorted; order [v]: where the sorted rows are in
    the block; cells: view * groups + group of every run of rows that begins at ``starts``; view_starts: the first row
    of every view.
    """

    views: tuple[tuple[str, str], ...]
    labels: tuple[str, ...]
    order: Indexes
    cells: Indexes
    starts: Indexes
    view_starts: Indexes

    @classmethod
    def of(cls, block: QueryScores) -> Self:
        """Sort the rows of a block."""
        query_lang, passage_lang = group_codes(block.query_lang), group_codes(block.passage_lang)
        group, query = group_codes(block.group), group_codes(block.query_id)
        width = len(passage_lang.labels)
        pairs, view = np.unique(query_lang.codes * width + passage_lang.codes, return_inverse=True)
        order = np.lexsort((query.codes, group.codes, view))
        cell = (view * len(group.labels) + group.codes)[order]
        starts = np.flatnonzero(np.diff(cell, prepend=-1))
        view_starts = np.flatnonzero(np.diff(view[order], prepend=-1))
        views = tuple((query_lang.labels[pair // width], passage_lang.labels[pair % width]) for pair in pairs)
        return cls(views, group.labels, order, cell[starts], starts, view_starts)

    @property
    def groups(self) -> int:
        """Number of groups."""
        return len(self.labels)

    def sorted(self, values: Floats) -> Floats:
        """Return values [..., v] of the block in canonical order."""
        return np.take(values, self.order, axis=-1)

    def group_sums(self, values: Floats, mask: NDArray[np.bool_] | None = None) -> Floats:
        """Return sums [..., views, groups] of sorted values [..., v], in the rows of a sorted mask [v] or in all."""
        lead, count = values.shape[:-1], math.prod(values.shape[:-1])
        sums = np.zeros((count, len(self.views) * self.groups))
        for own, row in zip(sums, values.reshape(count, values.shape[-1]), strict=True):  # one at a time, in the cache
            own[self.cells] = np.add.reduceat(row if mask is None else np.where(mask, row, 0.0), self.starts)
        return sums.reshape(*lead, len(self.views), self.groups)

    def view_sums(self, values: Floats) -> Floats:
        """Return sums [..., views] of sorted values [..., v]."""
        sums: Floats = np.add.reduceat(values, self.view_starts, axis=-1)
        return sums

    def view_means(self, values: Floats) -> Floats:
        """Return means [..., views] of the finite ones among sorted values [..., v]; NaN where there is none."""
        finite = np.isfinite(values)
        with np.errstate(invalid="ignore"):
            return self.view_sums(np.where(finite, values, 0.0)) / self.view_sums(finite.astype(np.float64))
