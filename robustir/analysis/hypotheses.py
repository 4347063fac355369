"""The declared hypotheses of a run: each group's contribution to their statistics, kept until whole families are adjusted."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.options import AnalysisOptions
from robustir.analysis.reduced import ReducedSetting
from robustir.seeds import derive_key
from robustir.stats import SignFlips, max_t_over, sign_flips
from robustir.stats.randomisation import signs_of

__all__ = ["Hypotheses", "RowKey"]

Floats = NDArray[np.float64]
RowKey = tuple[Hashable, ...]


class Hypotheses:
    """Contributions per group by row of a table; single-step max-T over any family of them.

    Rows of one benchmark are flipped together, in all settings; benchmarks have different groups and are flipped
    separately.
    """

    def __init__(self, options: AnalysisOptions) -> None:
        self._options = options
        self._rows: dict[RowKey, tuple[str, tuple[str, ...], dict[str, Floats]]] = {}

    def add(self, key: RowKey, setting: ReducedSetting, **contributions: Floats) -> None:
        """Keep the contribution of every group of a setting to the statistics of one row, float64 [g] each."""
        self._rows[key] = (setting.block.benchmark, setting.rows.labels, contributions)

    def extend(self, other: Hypotheses) -> None:
        """Keep what others hold, behind these."""
        self._rows |= other._rows

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def adjusted(self, keys: Sequence[RowKey], statistics: Sequence[str]) -> dict[str, Floats]:
        """Return p-values [rows] of each statistic, adjusted over all statistics of all the rows together."""
        found = {name: np.full(len(keys), np.nan) for name in statistics}
        by_benchmark: dict[str, list[int]] = {}
        for row, key in enumerate(keys):
            by_benchmark.setdefault(self._rows[key][0], []).append(row)
        if not by_benchmark:
            return found
        parts = [self._stacked([keys[row] for row in rows], statistics) for rows in by_benchmark.values()]
        flips = self._flips(list(by_benchmark), [part.shape[1] for part in parts])
        for rows, p in zip(by_benchmark.values(), max_t_over(parts, flips), strict=True):
            for position, name in enumerate(statistics):
                found[name][rows] = p[position * len(rows) : (position + 1) * len(rows)]
        return found

    def _stacked(self, keys: Sequence[RowKey], statistics: Sequence[str]) -> Floats:
        """Contributions [statistics x rows, groups] over all groups that the rows of a benchmark have."""
        labels = sorted({label for key in keys for label in self._rows[key][1]})
        place = {label: number for number, label in enumerate(labels)}
        table = np.zeros((len(statistics), len(keys), len(labels)))
        for row, key in enumerate(keys):
            _, own, contributions = self._rows[key]
            at = [place[label] for label in own]
            for position, name in enumerate(statistics):
                table[position, row, at] = contributions[name]
        return table.reshape(-1, len(labels))

    def _flips(self, benchmarks: Sequence[str], groups: Sequence[int]) -> list[SignFlips]:
        """Return the flips of each benchmark: equally many for each; a single benchmark has the flips of a single test."""
        options = self._options
        if len(benchmarks) == 1:
            return [sign_flips(groups[0], options.flips, options.seed)]
        made = []
        for name, size in zip(benchmarks, groups, strict=True):
            seed = int.from_bytes(derive_key(options.seed, "family", name)[:4], "little")
            bits = np.random.Generator(np.random.Philox(key=seed)).integers(0, 2, (options.flips, size), dtype=np.int8)
            made.append(SignFlips(signs_of(bits), complete=False))
        return made
