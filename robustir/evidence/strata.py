"""Mixed-language queries against passages of another language: two strata of cross that are never pooled.

Words of the passages' own language in the query are partial translation; words of a third language are noise. So under
a perturbation that mixes a language into the queries, "cross" holds the passages in other languages than that one, and
"cross-embedded" those in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from robustir.evidence.scores import QueryScores, at_rows

__all__ = ["EMBEDDED", "strata"]

EMBEDDED = "cross-embedded"
_PER_ROW = ("query_id", "source_id", "group", "query_lang", "passage_lang")


def strata(block: QueryScores) -> Iterator[QueryScores]:
    """Yield the strata of a block: itself, or two if it is cross and holds mixed-language queries."""
    embedded = np.array([block.treatment(name).embedded_lang for name, _ in block.conditions], dtype=object)
    mixed = np.flatnonzero(embedded != "")
    if block.setting != "cross" or not len(mixed):
        yield block
        return
    towards = block.passage_lang[None, :] == embedded[:, None]  # [conditions, v]
    apart = towards[None, :, None, :]
    overlap = block.overlap
    yield replace(
        block,
        noisy=np.where(apart, np.nan, block.noisy),
        worst=np.where(apart, np.nan, block.worst),
        overlap=None if overlap is None else np.where(towards, np.nan, overlap),
        draw_variance=None,  # it is that of the rows of both strata
    )
    rows = np.flatnonzero(towards.any(axis=0))
    if not len(rows):
        return
    together = towards[mixed][:, rows][None, :, None, :]
    kept = {
        "noisy": np.where(together, block.noisy[:, mixed][..., rows], np.nan),
        "worst": np.where(together, block.worst[:, mixed][..., rows], np.nan),
        "draw_variance": None,
        "overlap": None if overlap is None else np.where(towards[mixed][:, rows], overlap[:, mixed][..., rows], np.nan),
        **{name: getattr(block, name)[rows] for name in _PER_ROW},
        **{name: getattr(block, name)[..., rows] for name in ("clean", "floor")},
        **{name: None if (values := getattr(block, name)) is None else values[:, rows] for name in ("tied", "missed")},
        **{name: getattr(block, name)[mixed][:, rows] for name in ("word_edit_rate", "char_error_rate", "unchanged")},
    }
    rejected = block.rejected
    kept["moved_ties"] = at_rows(block, rows)
    kept["rejected"] = None if rejected is None else rejected[mixed][:, rows]
    yield replace(block, setting=EMBEDDED, conditions=tuple(block.conditions[row] for row in mixed), **kept)
