"""From a run directory to per-query scores: the only way from running to analysing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from robustir.evidence.by_rank import scores_by_rank
from robustir.evidence.expected import expected_scores
from robustir.evidence.scores import QueryScores, TrainedSeed
from robustir.evidence.strata import strata
from robustir.evidence.views import View, rank_lists, tied_and_missed, view
from robustir.measures import Measure, evaluate, parse_measure
from robustir.planning.conditions import FLOOR
from robustir.rundir.completeness import whole_manifest
from robustir.rundir.directory import RunDirectory
from robustir.rundir.kept_lists import list_names, read_overlaps
from robustir.rundir.manifest import BenchmarkEntry, CellEntry, Manifest
from robustir.rundir.same_input import read_same_input
from robustir.stats.rounding import ROUNDING
from robustir.stats.threads import in_threads
from robustir.text.kept import Essentials, essentials, lost_meaning
from robustir.types import SETTINGS, Ranks, Setting, Task, Treatment

__all__ = ["NoisyQueries", "StoredBenchmark", "aimed_rows", "benchmarks", "gather", "query_doses", "score_view"]

Floats = NDArray[np.float64]

_KEPT_RANKS = 2**26  # bytes per benchmark


def score_view(measures: Sequence[Measure], seen: View, ranks: Ranks, *, over_ties: bool = False) -> Floats:
    """Return float64 [measures, v]; distances take tie-averaged ranks, so that ids do not matter among equal scores.

    Args:
        measures: what to compute.
        seen: the view.
        ranks: of a cell.
        over_ties: True: the other measures are means over the orders of passages with equal scores, as for floors;
            False: equal scores are ordered as trec_eval does.
    """
    distances = [row for row, measure in enumerate(measures) if measure.of_average_ranks]
    others = [row for row, measure in enumerate(measures) if not measure.of_average_ranks]
    if not over_ties and not distances and (found := scores_by_rank(measures, seen, ranks)) is not None:
        return found
    values = np.empty((len(measures), len(seen)))
    if distances:
        lists = rank_lists(seen, ranks, ties="average")
        values[distances] = evaluate([measures[row] for row in distances], lists)
    if others:
        wanted = [measures[row] for row in others]
        values[others] = (
            expected_scores(wanted, seen, ranks) if over_ties else evaluate(wanted, rank_lists(seen, ranks))
        )
    return values


def aimed_rows(treatment: Treatment, seen: View) -> NDArray[np.bool_]:
    """Return which rows [v] of a view a perturbation is scored on: an attack only on the passages that it aims at."""
    if not treatment.passages:
        return np.ones(len(seen), dtype=np.bool_)
    aim = seen.query_lang if treatment.passages == "same" else treatment.passages
    rows: NDArray[np.bool_] = np.asarray(seen.passage_lang == aim, dtype=np.bool_)
    return rows


@dataclass(frozen=True)
class NoisyQueries:
    """One perturbed query set, as arrays over all queries of the benchmark; NaN if the perturbation does not apply.

    rejected: 1 for a query that may mean something else (:mod:`robustir.text.kept`).
    """

    texts: tuple[str | None, ...]
    word_edit_rate: Floats
    char_error_rate: Floats
    unchanged: Floats
    code_mixing_index: Floats
    rejected: Floats

    @cached_property
    def lengths(self) -> Floats:
        """Code points per text, 0 if the perturbation does not apply."""
        return np.fromiter((len(text or "") for text in self.texts), dtype=np.float64, count=len(self.texts))


class StoredBenchmark:
    """One benchmark of a run with its cells."""

    def __init__(self, run: RunDirectory, manifest: Manifest, entry: BenchmarkEntry) -> None:
        self.run = run
        self.name = entry.name
        self._entry = entry
        self._validity = manifest.suite.validity
        self._essentials: dict[int, Essentials] = {}  # of the queries that some noise changed
        self._cells = [cell for cell in manifest.cells if cell.benchmark == self.name]
        self.encoders = tuple(row.name for row in manifest.encoders)
        self.trained = {
            row.name: TrainedSeed(row.strategy, row.training.seed, row.training.noise)
            for row in manifest.encoders
            if row.strategy and row.training
        }
        noises = [row for row in manifest.perturbations if any(cell.perturbation == row.name for cell in self._cells)]
        self.conditions = tuple((row.name, severity) for row in noises for severity in row.severities)
        self.treatments = {row.name: row.treatment for row in noises}
        self._noisy: dict[str, NoisyQueries] = {}  # read once for doses, validity and examples
        self._ranks: dict[str, Ranks] = {}
        self.kept_ranks = _KEPT_RANKS  # bytes at most
        self.draws = max((row.draws for row in noises), default=0)
        self.noise_draws = {row.name: row.draws for row in noises}

    @cached_property
    def task(self) -> Task:
        """Queries, judgements and passages (without texts)."""
        return self.run.read_task(self._entry)

    @cached_property
    def passage_langs(self) -> dict[str, str]:
        """The language of every passage, by id."""
        return dict(zip(self.task.corpus.ids, self.task.corpus.langs, strict=True))

    def cells(self, encoder: str | None = None) -> Iterator[CellEntry]:
        """Yield the cells with stored ranks, of one encoder or of all."""
        for cell in self._cells:
            if encoder in {None, cell.encoder} and self.run.ranks_path(cell.key).exists():
                yield cell

    def noisy(self, queries_key: str) -> NoisyQueries:
        """Return one perturbed query set."""
        if queries_key not in self._noisy:
            self._noisy[queries_key] = self._read_noisy(queries_key)
        return self._noisy[queries_key]

    def ranks(self, key: str) -> Ranks:
        """Return a cell's ranks; as many are kept as fit into little memory, since examples and scores read them again."""
        if key in self._ranks:
            return self._ranks[key]
        ranks = self.run.read_ranks(key)
        # All cells of a benchmark are of one size.
        size = sum(getattr(ranks, field.name).nbytes for field in fields(Ranks))
        if (len(self._ranks) + 1) * size <= self.kept_ranks:
            self._ranks[key] = ranks
        return ranks

    def same_input(self, key: str) -> NDArray[np.bool_] | None:
        """Return which queries of a cell were changed and are the same input to its encoder; None if it is not known."""
        return read_same_input(self.run, key, len(self.task.queries))

    def _read_noisy(self, queries_key: str) -> NoisyQueries:
        ids, texts, dose = self.run.read_noisy(queries_key)
        queries = self.task.queries
        place = {name: row for row, name in enumerate(queries.ids)}
        rows = [place[name] for name in ids]
        full: list[str | None] = [None] * len(queries)
        for row, text in zip(rows, texts, strict=True):
            full[row] = text
        unchanged = [float(queries.texts[row] == text) for row, text in zip(rows, texts, strict=True)]
        columns = []
        mixing = np.full(len(rows), np.nan) if dose.code_mixing_index is None else dose.code_mixing_index
        rejected = self._rejected(rows, texts, dose.char_error_rate)
        for values in (dose.word_edit_rate, dose.char_error_rate, unchanged, mixing, rejected):
            column = np.full(len(queries), np.nan)
            column[rows] = values
            columns.append(column)
        return NoisyQueries(tuple(full), *columns)

    def _rejected(self, rows: Sequence[int], texts: Sequence[str], changed: Floats) -> Floats:
        """Return 1 for every noisy text that the suite's rules of validity reject, float64 [n]."""
        rules, queries, known = self._validity, self.task.queries, self._essentials
        found = np.zeros(len(rows))
        new: dict[str, list[int]] = {}
        for row, text in zip(rows, texts, strict=True):
            if row not in known and text != queries.texts[row]:
                new.setdefault(queries.langs[row], []).append(row)
        for lang, some in new.items():
            known.update(zip(some, essentials([queries.texts[row] for row in some], lang), strict=True))
        for place, (row, text, rate) in enumerate(zip(rows, texts, changed.tolist(), strict=True)):
            clean = queries.texts[row]
            if text == clean:
                continue
            found[place] = lost_meaning(
                clean, text, known[row], changed=rate, characters=rules.characters, protected=rules.protected
            )
        return found

    def query_sets(self, perturbation: str, severity: float) -> list[tuple[int, str]]:
        """Return (draw, key) of the stored query sets of a condition."""
        stored = {
            (cell.draw, cell.queries_key)
            for cell in self._cells
            if (cell.perturbation, cell.severity) == (perturbation, severity)
            and self.run.queries_path(cell.queries_key).exists()
        }
        return sorted(stored)


def benchmarks(run: RunDirectory) -> list[StoredBenchmark]:
    """Return the benchmarks of a run; raise RunError if cells are missing that did not fail."""
    manifest = whole_manifest(run)
    return [StoredBenchmark(run, manifest, entry) for entry in manifest.benchmarks]


def gather(
    stored: StoredBenchmark,
    measures: Sequence[str],
    *,
    settings: Collection[Setting] = SETTINGS,
    doses: Callable[[], Floats] | None = None,
) -> Iterator[QueryScores]:
    """Yield the per-query scores of every setting and stratum of a benchmark; draws are averaged per query.

    Args:
        stored: the benchmark.
        measures: what to score.
        settings: those to yield, of the benchmark's.
        doses: returns :func:`query_doses`, if another process finds them meanwhile.
    """
    filled: deque[_Filled] = deque()
    for setting in stored.task.settings:
        if setting not in settings:
            continue
        seen = view(stored.task, setting)
        defined = [measure for measure in map(parse_measure, measures) if setting in measure.settings]
        if len(seen):
            filled.append(_Filled(stored, seen, defined))
    in_threads(lambda number: _read(stored, number, filled), range(len(stored.encoders)))
    found = doses() if doses else query_doses(stored)
    while filled:  # each is freed as soon as it was used
        yield from strata(_scores(filled.popleft(), found))


def query_doses(stored: StoredBenchmark) -> Floats:
    """Return float64 [4, conditions, queries]: word edit rate, character error rate, unchanged, rejected; means over draws."""
    doses = np.full((4, len(stored.conditions), len(stored.task.queries)), np.nan)
    for row, (perturbation, severity) in enumerate(stored.conditions):
        sets = [stored.noisy(key) for _, key in stored.query_sets(perturbation, severity)]
        if sets:
            doses[0, row] = np.mean([noisy.word_edit_rate for noisy in sets], axis=0)
            doses[1, row] = np.mean([noisy.char_error_rate for noisy in sets], axis=0)
            doses[2, row] = np.mean([noisy.unchanged for noisy in sets], axis=0)
            doses[3, row] = np.mean([noisy.rejected for noisy in sets], axis=0)
    return doses


class _Filled:
    """Per-query scores of one setting, filled encoder by encoder.

    clean, floor: [encoders, measures, v]; noisy, worst: [encoders, conditions, measures, v]; level: the shares of tied and
    missed passages, [2, encoders, v].
    """

    def __init__(self, stored: StoredBenchmark, seen: View, measures: list[Measure]) -> None:
        self.stored, self.seen, self.measures = stored, seen, measures
        encoders, size = len(stored.encoders), (len(measures), len(seen))
        several = (encoders, len(stored.conditions), *size)
        self.clean, self.floor = (np.full((encoders, *size), np.nan) for _ in range(2))
        self.level = np.full((2, encoders, len(seen)), np.nan)
        # Of most of the memory every number is written once: a condition without a draw becomes NaN in the end.
        self.noisy = np.empty(several)
        self.draw_variance = np.full(several[:2], np.nan)
        self.overlap: Floats | None = None
        self._lock = Lock()
        names = list_names(stored.task.corpus.langs)
        place = {name: number for number, name in enumerate(names)}
        self._names, self._list = names, np.array([place.get(lang, -1) for lang in seen.passage_lang], dtype=np.intp)
        self._draws = np.zeros(several[:2])
        # Of the changes in the first measure, summed over the draws of a condition.
        self._squares: dict[int, dict[int, Floats]] = {number: {} for number in range(encoders)}
        # Scores over ties minus scores: of the clean queries, and of changes, summed over the draws of a condition.
        self._ties: dict[int, Floats | float] = {}
        self._moved: dict[int, dict[int, Floats]] = {number: {} for number in range(encoders)}
        self.moved_ties: dict[tuple[str, tuple[str, float]], tuple[NDArray[np.intp], Floats]] = {}
        self.worst = np.empty(several) if stored.draws > 1 else self.noisy  # one draw is its own worst
        self._place = {condition: row for row, condition in enumerate(stored.conditions)}
        self._aimed = {name: aimed_rows(treatment, seen) for name, treatment in stored.treatments.items()}
        self._worse: list[np.ufunc] = [np.minimum if measure.higher_is_better else np.maximum for measure in measures]

    def take(self, number: int, cell: CellEntry, ranks: Ranks) -> None:
        """Score a cell of one encoder."""
        over_ties = cell.perturbation == FLOOR.perturbation
        values = score_view(self.measures, self.seen, ranks, over_ties=over_ties)
        lists = self._over_ties(ranks) if not over_ties else None
        if not cell.perturbation:
            self.clean[number] = values
            self._ties[number] = 0.0 if lists is None else lists - values
            self.level[:, number] = tied_and_missed(self.seen, ranks)
        elif over_ties:
            self.floor[number] = values
        else:
            row, draws = self._place[cell.perturbation, cell.severity], self._draws[number]
            if not self._aimed[cell.perturbation].all():
                values[:, ~self._aimed[cell.perturbation]] = np.nan
            self._add_draw(number, row, values, first=draws[row] == 0)
            self._add_overlap(number, row, cell, first=draws[row] == 0)
            moved = (0.0 if lists is None else lists - values) - self._ties[number]
            if isinstance(moved, np.ndarray):
                self._moved[number][row] = moved + self._moved[number].get(row, 0.0)
            if len(values):
                squares = self._squares[number]
                squares[row] = np.square(values[0] - self.clean[number, 0]) + squares.get(row, 0.0)
            draws[row] += 1

    def finish(self, number: int) -> None:
        """Average the draws of one encoder."""
        draws = self._draws[number]
        self.noisy[number, draws == 0] = self.worst[number, draws == 0] = np.nan
        for row, summed in self._squares.pop(number).items():
            if draws[row] > 1:
                spread = (summed - np.square(self.noisy[number, row, 0]) / draws[row]) / (draws[row] - 1)
                self.draw_variance[number, row] = np.nanmean(spread) if np.isfinite(spread).any() else np.nan
        for row, summed in self._moved.pop(number).items():
            moved = np.where(np.isfinite(summed), summed, 0.0) / draws[row]
            rows = np.flatnonzero((np.abs(moved) > ROUNDING).any(axis=0))
            if len(rows):
                self.moved_ties[self.stored.encoders[number], self.stored.conditions[row]] = rows, moved[:, rows]
        noisy = self.noisy[number]  # in place: of all conditions it is large
        noisy /= np.maximum(draws, 1)[:, np.newaxis, np.newaxis]
        noisy += self.clean[number]
        if self.overlap is not None:
            self.overlap[number] /= np.maximum(draws, 1)[:, np.newaxis]

    def _over_ties(self, ranks: Ranks) -> Floats | None:
        """Return the scores [measures, v] with tie-averaged ranks; None if nothing is tied."""
        tied = ranks.pool_tied if self.seen.setting == "multi" else ranks.lang_tied
        if not tied.any():
            return None
        return evaluate(self.measures, rank_lists(self.seen, ranks, ties="average"))

    def _add_overlap(self, number: int, row: int, cell: CellEntry, *, first: bool) -> None:
        """Add the overlaps of one cell; a condition without those of a draw has none."""
        found = read_overlaps(self.stored.run, cell.key, self._names, len(self.stored.task.queries))
        with self._lock:  # encoders are read in threads
            if found is None and self.overlap is None:
                return
            if self.overlap is None:
                self.overlap = np.full((len(self.stored.encoders), len(self.stored.conditions), len(self.seen)), np.nan)
        missing = np.full(len(self.seen), np.nan)
        values = missing if found is None else np.where(self._list >= 0, found[self.seen.query, self._list], np.nan)
        values[~self._aimed[cell.perturbation]] = np.nan
        self.overlap[number, row] = values if first else self.overlap[number, row] + values

    def _add_draw(self, number: int, row: int, values: Floats, *, first: bool) -> None:
        # Differences are averaged: the mean of three equal scores need not be that score to the last bit, and a
        # difference of 1e-18 in every query would be significant.
        change = values - self.clean[number]
        if first:
            self.noisy[number, row] = change
        else:
            self.noisy[number, row] += change
        if self.worst is not self.noisy:
            for known, new, worse in zip(self.worst[number, row], values, self._worse, strict=True):
                if first:
                    known[:] = new
                else:
                    worse(known, new, out=known)


def _read(stored: StoredBenchmark, number: int, filled: Iterable[_Filled]) -> None:
    """Read the cells of one encoder, each once for all settings."""
    for cell in stored.cells(stored.encoders[number]):
        ranks = stored.ranks(cell.key)
        for one in filled:
            one.take(number, cell, ranks)
    for one in filled:
        one.finish(number)


def _scores(filled: _Filled, doses: Floats) -> QueryScores:
    stored, seen = filled.stored, filled.seen
    queries = stored.task.queries

    def column(values: Sequence[str]) -> NDArray[np.object_]:
        return np.array(values, dtype=object)[seen.query]

    return QueryScores(
        benchmark=stored.name,
        setting=seen.setting,
        query_id=column(queries.ids),
        source_id=column(queries.source_ids),
        group=column(queries.groups),
        query_lang=seen.query_lang,
        passage_lang=seen.passage_lang,
        encoders=stored.encoders,
        measures=tuple(map(str, filled.measures)),
        conditions=stored.conditions,
        draws=stored.draws,
        clean=filled.clean,
        floor=filled.floor,
        noisy=filled.noisy,
        worst=filled.worst,
        word_edit_rate=doses[0][:, seen.query],
        char_error_rate=doses[1][:, seen.query],
        unchanged=doses[2][:, seen.query],
        rejected=doses[3][:, seen.query],
        moved_ties=filled.moved_ties,
        treatments=stored.treatments,
        trained=stored.trained,
        tied=filled.level[0],
        missed=filled.level[1],
        overlap=filled.overlap,
        noise_draws=stored.noise_draws,
        draw_variance=filled.draw_variance,
    )
