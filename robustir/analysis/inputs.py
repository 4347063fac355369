"""Whether noise reached the encoders: the share of changed queries that an encoder reads as it reads the clean ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from robustir.analysis.options import Unreached
from robustir.evidence.gather import StoredBenchmark
from robustir.stats.rounding import above

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MOSTLY", "input_rows", "largest_share", "unreached"]

MOSTLY = 0.5  # of the changed queries: beyond, a noise did not reach an encoder


def input_rows(stored: StoredBenchmark) -> Iterator[dict[str, Any]]:
    """Yield a row per encoder, condition and language, and one of their mean; nothing for cells that do not tell."""
    langs = np.array(stored.task.queries.langs, dtype=object)
    for encoder in stored.encoders:
        counts: dict[tuple[str, float], list[Any]] = {}
        for cell in stored.cells(encoder):
            if (cell.perturbation, cell.severity) not in stored.conditions:
                continue
            same = stored.same_input(cell.key)
            if same is not None:
                changed = stored.noisy(cell.queries_key).unchanged == 0
                counts.setdefault((cell.perturbation, cell.severity), []).append((changed, same & changed))
        for (perturbation, severity), draws in counts.items():
            where = {
                "benchmark": stored.name,
                "encoder": encoder,
                "perturbation": perturbation,
                "severity": severity,
            }
            yield from _by_language(
                where, langs, np.sum([one[0] for one in draws], 0), np.sum([one[1] for one in draws], 0)
            )


def _by_language(where: Mapping[str, Any], langs: Any, changed: Any, same: Any) -> Iterator[dict[str, Any]]:
    shares, total = [], 0
    for lang in dict.fromkeys(langs):
        rows = langs == lang
        number = int(changed[rows].sum())
        if number:
            shares.append(float(same[rows].sum() / number))
            total += number
            yield {**where, "query_lang": lang, "n": number, "same_input_share": shares[-1]}
    if shares:
        yield {**where, "query_lang": "all", "n": total, "same_input_share": float(np.mean(shares))}


def largest_share(validity: pd.DataFrame, inputs: pd.DataFrame) -> pd.DataFrame:
    """Return validity with ``same_input_share``, the largest over the encoders."""
    names = ["benchmark", "perturbation", "severity", "query_lang"]
    largest: dict[tuple[Any, ...], float] = {}
    for *key, share in inputs[[*names, "same_input_share"]].itertuples(index=False, name=None):
        largest[tuple(key)] = max(share, largest.get(tuple(key), 0.0))
    keys = validity[names].itertuples(index=False, name=None)
    return validity.assign(same_input_share=np.array([largest.get(key, np.nan) for key in keys], dtype=np.float64))


def unreached(inputs: pd.DataFrame, strategies: Mapping[str, str]) -> Unreached:
    """Return where most changed queries were the same input to an encoder; ``strategies``: of trained encoders, by name."""
    found: dict[tuple[str, str, str, str], frozenset[float]] = {}
    for row in inputs.to_dict("records"):
        if above(row["same_input_share"] - MOSTLY):
            for name in {row["encoder"], strategies.get(row["encoder"], row["encoder"])}:
                where = row["benchmark"], name, row["perturbation"], row["query_lang"]
                found[where] = found.get(where, frozenset()) | {float(row["severity"])}
    return found
