"""Word forms of a language with what a perturbation must know of each, as rows of one table: looked at once per process."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from robustir.perturbations.shared.pool import Pool

__all__ = ["FormRows"]


class FormRows(dict[str, int], ABC):
    """Word forms and the row of ``table`` of each; a few forms make up most of any text.

    columns: of a row; pool: strings that rows point into.
    """

    columns: ClassVar[int]

    def __init__(self, lang: str) -> None:
        super().__init__()
        self.lang, self.pool = lang, Pool()
        self._rows: list[tuple[int, ...]] = []
        self._table: NDArray[np.int64] = np.zeros((0, self.columns), dtype=np.int64)

    @abstractmethod
    def row_of(self, form: str) -> tuple[int, ...]:
        """Look at a form for the first time: return its row."""

    def __missing__(self, form: str) -> int:
        self._rows.append(self.row_of(form))
        self[form] = place = len(self._rows) - 1
        return place

    def numbers(self, forms: Iterable[str]) -> NDArray[np.int64]:
        """Return the row number of each form, int64 [forms]."""
        return np.fromiter(map(self.__getitem__, forms), dtype=np.int64)

    @property
    def table(self) -> NDArray[np.int64]:
        """The rows of all forms that were looked at, int64 [rows, columns]."""
        if len(self._table) < len(self._rows):
            new = np.array(self._rows[len(self._table) :], dtype=np.int64)
            self._table = np.concatenate([self._table, new])
        return self._table
