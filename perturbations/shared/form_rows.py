"""Word forms of a language with what a perturbation must know of each, as rows of one table: looked at once per process."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from robustir.perturbations.shared.known_forms import KnownForms
from robustir.perturbations.shared.pool import Pool

__all__ = ["FormRows"]


class FormRows(KnownForms):
    """Word forms and the row of ``table`` of each.

    columns: of a row; pool: strings that rows point into.
    """

    columns: ClassVar[int]

    def __init__(self, lang: str) -> None:
        super().__init__()
        self.lang, self.pool = lang, Pool()
        self._rows: list[tuple[int, ...]] = []
        self._table: NDArray[np.int64] = np.zeros((self.columns, 0), dtype=np.int64)

    @abstractmethod
    def row_of(self, form: str) -> tuple[int, ...]:
        """Look at a form for the first time: return its row."""

    def value_of(self, form: str) -> int:
        """Return the number of the row of a form that was not met before."""
        self._rows.append(self.row_of(form))
        return len(self._rows) - 1

    @property
    def table(self) -> NDArray[np.int64]:
        """The rows of all forms that were looked at, int64 [columns, rows]: each column is contiguous."""
        known = self._table.shape[1]
        if known < len(self._rows):
            table = np.empty((self.columns, len(self._rows)), dtype=np.int64)
            table[:, :known] = self._table
            table[:, known:] = np.array(self._rows[known:], dtype=np.int64).T
            self._table = table
        return self._table
