"""Tables built as grids: a block of rows for every combination of condition, measure and view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from robustir.analysis.findings import TABLES, empty_table

if TYPE_CHECKING:
    import pandas as pd

    from robustir.analysis.estimator import Layout

__all__ = ["ALL", "Grids", "first_only", "labelled", "languages_behind", "view_labels"]

ALL = "all"
# Columns for the claims that the tables leave out: whether no score changed, the languages that a scale hangs on, and
# whether the languages' doses differ; whether a row of equivalence is declared.
EVIDENCE = ("still", "points_hang", "shares_hang", "uneven", "declared")


def view_labels(views: tuple[tuple[str, str], ...]) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Return query and passage languages, object [1 + views] each; the macro-average, "all", comes first."""
    labels = [(ALL, ALL), *views]
    return labelled([query for query, _ in labels]), labelled([passage for _, passage in labels])


def languages_behind(views: tuple[tuple[str, str], ...], layout: Layout) -> NDArray[np.float64]:
    """Return the number of query languages that have rows, float64 [1 + views]: of the macro-average, and 1 of a view."""
    counts = np.ones(1 + len(views))
    counts[0] = len({views[view][0] for view in layout.present})
    return counts


def first_only(values: NDArray[Any], size: int) -> NDArray[Any]:
    """Return values [...] of macro-averages as [..., size]: the first element, and nothing (NaN or "") behind it."""
    text = values.dtype == object
    found = np.full((*values.shape, size), "" if text else np.nan, dtype=values.dtype)
    found[..., 0] = values
    return found


def labelled(names: list[str] | tuple[str, ...]) -> NDArray[np.object_]:
    """Return names as an object array."""
    column = np.empty(len(names), dtype=object)
    column[:] = names
    return column


class Grids:
    """Rows of one table of the findings, in the order in which they are added."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._columns: dict[str, list[NDArray[Any]]] = {}

    def add(self, keep: NDArray[np.bool_], **columns: ArrayLike) -> None:
        """Add a row for every true element of ``keep``; every column is broadcast to its shape."""
        for name, values in columns.items():
            column = np.broadcast_to(np.asarray(values, dtype=object if isinstance(values, str) else None), keep.shape)
            self._columns.setdefault(name, []).append(column[keep])

    def extend(self, other: Grids) -> None:
        """Add the rows of another such table behind these."""
        for name, parts in other._columns.items():
            self._columns.setdefault(name, []).extend(parts)

    def frame(self) -> pd.DataFrame:
        """Return the table; columns that were never added (an adjusted p) are missing until they are set."""
        import pandas as pd

        empty = empty_table(self._table)
        if not self._columns:
            return empty.assign(**dict.fromkeys(EVIDENCE, empty.iloc[:, 0]))
        names = [name for name in (*TABLES[self._table], *EVIDENCE) if name in self._columns]
        frame = pd.DataFrame({name: np.concatenate(self._columns[name]) for name in names})
        return frame.astype({name: empty.dtypes[name] for name in names if name in TABLES[self._table]})
