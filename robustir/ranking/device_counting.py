"""The counts of ``robustir.ranking.counting`` with torch, for scores that live on an accelerator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from robustir.ranking.counting import Columns, Pairs, Tally

if TYPE_CHECKING:
    import torch

__all__ = ["DeviceCounter"]


class DeviceCounter:
    """Counts on one device, by one masked sum per count: there a pass over the scores costs little."""

    def __init__(self, columns: Columns, device: torch.device) -> None:
        import torch

        self._language = torch.from_numpy(columns.language).to(device)
        self._position = torch.from_numpy(columns.position).to(device)
        self.padding = torch.from_numpy(columns.padding).to(device)

    def count(self, scores: torch.Tensor, pairs: Pairs) -> Tally:
        """Count for every pair (at least one); ``scores`` [b, width] as in :func:`robustir.ranking.counting.count_rows`."""
        import torch

        slots = pairs.slots()
        counts = torch.cat([self._count_slot(scores, pairs.row[slot], pairs.column[slot]) for slot in slots], dim=1)
        result = np.empty((6, len(pairs)), dtype=np.int64)
        result[:, np.concatenate(slots)] = counts.cpu().numpy()
        return Tally(*result)

    def _count_slot(self, scores: torch.Tensor, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> torch.Tensor:
        """Return the six counts of a tally, int64 [6, pairs], for pairs of distinct rows."""
        import torch

        row = torch.from_numpy(rows).to(scores.device)
        column = torch.from_numpy(columns).to(scores.device)
        part = scores if len(rows) == len(scores) else scores[row]
        limit = scores[row, column][:, None]
        own = self._language == self._language[column][:, None]
        above = part > limit
        level = part == limit
        before = level & (self._position < self._position[column][:, None])
        masks = (above & own, level & own, before & own, above, level, before)
        counts = torch.stack([mask.sum(dim=1) for mask in masks])
        counts[1] -= 1
        counts[4] -= 1
        return counts
