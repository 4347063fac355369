"""Queries to look at: the worst and a median one, with the ranks of the right passage and the passage that overtook it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.shown import shown_severity
from robustir.evidence.gather import NoisyQueries, StoredBenchmark, score_view
from robustir.evidence.views import View, places, view
from robustir.measures import parse_measure
from robustir.rundir.kept_lists import first_kept
from robustir.rundir.rankings import first_ranked

if TYPE_CHECKING:
    import pandas as pd

    from robustir.rundir.directory import RunDirectory
    from robustir.rundir.manifest import BenchmarkEntry, CellEntry
    from robustir.types import Corpus

__all__ = ["example_rows", "keep_passages", "with_passages"]

_WORST = 5  # per encoder and perturbation, in different languages if there are several
_GLOSS = "en"
_LOOKED_AT = 20  # first passages among which the one that overtook is looked for: those before it are relevant
_LONGEST = 2_000  # characters kept of a passage
_TEXT_OF = {"right_id": "right_text", "ahead_id": "ahead_text"}

Floats = NDArray[np.float64]


def example_rows(
    stored: StoredBenchmark, measure: str, above_floor: set[tuple[str, str, str]]
) -> Iterator[dict[str, Any]]:
    """Yield per encoder and perturbation the queries that lose most and the median one, in the first draw.

    The severity is the shown one, the setting the benchmark's first. Encoders near the floor are left out: their losses
    are chance.
    """
    setting = stored.task.settings[0]
    seen = view(stored.task, setting)
    glosses = _glosses(stored)
    for perturbation in dict.fromkeys(name for name, _ in stored.conditions):
        severity = shown_severity(level for name, level in stored.conditions if name == perturbation)
        for encoder in stored.encoders:
            cells = {(cell.perturbation, cell.severity, cell.draw): cell for cell in stored.cells(encoder)}
            clean, noisy = cells.get(("", 0.0, 0)), cells.get((perturbation, severity, 0))
            if clean is None or noisy is None or (stored.name, setting, encoder) not in above_floor:
                continue
            for row in _Pair(stored, seen, measure, clean, noisy).rows(glosses):
                yield {
                    "benchmark": stored.name, "encoder": encoder, "perturbation": perturbation, "severity": severity, "draw": 0,
                    "setting": setting, "measure": measure, **row,
                }  # fmt: skip


def _glosses(stored: StoredBenchmark) -> dict[str, str]:
    """Return the English question of every set of parallel questions."""
    queries = stored.task.queries
    return {
        source: text
        for source, lang, text in zip(queries.source_ids, queries.langs, queries.texts, strict=True)
        if lang == _GLOSS and source
    }


class _Pair:
    """A noisy cell beside the clean one, in one setting."""

    def __init__(self, stored: StoredBenchmark, seen: View, measure: str, clean: CellEntry, noisy: CellEntry) -> None:
        self.stored, self.seen, self.noisy = stored, seen, noisy
        ranks = [stored.ranks(cell.key) for cell in (clean, noisy)]
        self.scores = [score_view([parse_measure(measure)], seen, one)[0] for one in ranks]
        self.places = [places(seen, one).rank for one in ranks]
        self.written: NoisyQueries = stored.noisy(noisy.queries_key)

    def rows(self, glosses: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Yield the columns of the chosen queries."""
        drop = self.scores[0] - self.scores[1]
        dose = self.written.char_error_rate[self.seen.query]
        kinds = dict.fromkeys(_worst(drop, dose, self.seen.query_lang), "worst")
        middle = _median(drop, dose, self.written.unchanged[self.seen.query] == 0)
        if middle is not None:
            kinds.setdefault(middle, "median")
        wanted = {row: (int(self.seen.query[row]), self._candidates(row)) for row in kinds}
        firsts = self._firsts(list(wanted.values()))
        for row, kind in kinds.items():
            yield {"kind": kind, **self._row(row, glosses, firsts.get(wanted[row], ()))}

    def _firsts(self, wanted: Sequence[tuple[int, str]]) -> dict[tuple[int, str], Sequence[str]]:
        """Return the ids of the first passages, from the few lists that are kept by default, else from those of every list."""
        run, key, ids = self.stored.run, self.noisy.key, self.stored.task.corpus.ids
        kept = first_kept(run, key, wanted, _LOOKED_AT)
        few = {place: [ids[passage] for passage in passages] for place, passages in kept.items()}
        return first_ranked(run, key, [place for place in wanted if place not in few], _LOOKED_AT) | few

    def _candidates(self, row: int) -> str:
        return str(self.seen.passage_lang[row])  # "all" in multi, as in the rankings

    def _row(self, row: int, glosses: Mapping[str, str], firsts: Sequence[str]) -> dict[str, Any]:
        queries, corpus, query = self.stored.task.queries, self.stored.task.corpus, int(self.seen.query[row])
        lang = str(self.seen.query_lang[row])
        pairs = slice(int(self.seen.starts[row]), int(self.seen.starts[row + 1]))
        first = pairs.start + int(np.argmin(self.places[0][pairs]))
        judged = self.seen.pairs[first]
        right = int(self.stored.task.qrels.passage[judged]) if judged >= 0 else -1
        ahead = self._ahead(query, firsts) if self.places[1][first] > 1 else ""
        return {
            "query_lang": lang,
            "passage_lang": self.seen.passage_lang[row],
            "query_id": queries.ids[query],
            "clean_text": queries.texts[query],
            "noisy_text": self.written.texts[query],
            "clean": float(self.scores[0][row]),
            "noisy": float(self.scores[1][row]),
            "clean_rank": _finite(self.places[0][first]),
            "noisy_rank": _finite(self.places[1][first]),
            "english_text": glosses.get(queries.source_ids[query], "") if lang != _GLOSS else "",
            "right_id": corpus.ids[right] if right >= 0 else "",
            "right_lang": corpus.langs[right] if right >= 0 else "",
            "right_text": "",
            "ahead_id": ahead,
            "ahead_lang": self._langs.get(ahead, ""),
            "ahead_text": "",
        }

    @property
    def _langs(self) -> Mapping[str, str]:
        return self.stored.passage_langs

    def _ahead(self, query: int, firsts: Sequence[str]) -> str:
        """Return the first passage that is not relevant; "" if the rankings were not kept or have none."""
        task = self.stored.task
        qrels = task.qrels
        relevant = {task.corpus.ids[one] for one in qrels.passage[(qrels.query == query) & (qrels.gain > 0)]}
        own = {task.queries.ids[query]} if task.exclude_identical_ids else set()
        return next((name for name in firsts if name not in relevant | own), "")


def _finite(rank: float) -> float:
    """Return a rank; NaN if the passage was never found."""
    return float(rank) if np.isfinite(rank) and rank > 0 else np.nan


def _worst(drop: Floats, dose: Floats, langs: NDArray[np.object_]) -> list[int]:
    """Return the rows with the largest drop, the smaller edit first among equals, one per language before any second."""
    order = [
        int(row) for row in np.lexsort((np.arange(len(drop)), dose, -np.nan_to_num(drop, nan=-np.inf))) if drop[row] > 0
    ]
    firsts: dict[str, int] = {}
    for row in order:
        firsts.setdefault(langs[row], row)
    chosen = list(firsts.values())[:_WORST]
    return chosen + [row for row in order if row not in chosen][: _WORST - len(chosen)]


def _median(drop: Floats, dose: Floats, changed: NDArray[np.bool_]) -> int | None:
    """Return the row of the median drop among the queries that the noise changed; None without any.

    Among equal drops it is the one with the median edit.
    """
    rows = np.flatnonzero(changed & np.isfinite(drop))
    if not len(rows):
        return None
    order = rows[np.lexsort((rows, dose[rows], drop[rows]))]
    equal = order[drop[order] == drop[order[(len(order) - 1) // 2]]]
    return int(equal[(len(equal) - 1) // 2])


def keep_passages(run: RunDirectory, entry: BenchmarkEntry, examples: pd.DataFrame, corpus: Corpus) -> None:
    """Keep the texts of the passages that the examples of a benchmark name, so that reports need no data."""
    own = examples[examples["benchmark"] == entry.name]
    names = {name for column in _TEXT_OF for name in own[column]} - {""}
    texts = zip(corpus.ids, corpus.texts, strict=True)
    found = dict(sorted((name, text[:_LONGEST]) for name, text in texts if name in names))
    if found and found != _kept(run, entry):
        run.write_table(run.shown_path(entry.queries_key), {"_id": list(found), "text": list(found.values())})


def _kept(run: RunDirectory, entry: BenchmarkEntry) -> dict[str, str]:
    path = run.shown_path(entry.queries_key)
    if not path.exists():
        return {}
    table = run.read_table(path)
    return dict(zip(table["_id"].to_pylist(), table["text"].to_pylist(), strict=True))


def with_passages(run: RunDirectory, entries: Sequence[BenchmarkEntry], examples: pd.DataFrame) -> pd.DataFrame:
    """Return the examples with the texts of their passages, as far as the run kept them."""
    kept = {entry.name: _kept(run, entry) for entry in entries}
    told = examples.copy()
    for name, text in _TEXT_OF.items():
        pairs = zip(told["benchmark"], told[name], strict=True)
        told[text] = [kept.get(benchmark, {}).get(passage, "") for benchmark, passage in pairs]
    return told.astype(dict.fromkeys(_TEXT_OF.values(), "object"))
