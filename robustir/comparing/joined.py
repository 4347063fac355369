"""The per-query scores of two runs, joined by query, passages, noise and draw, with a list of everything not shared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.evidence.gather import StoredBenchmark, gather
from robustir.evidence.scores import MovedTies, QueryScores, at_rows
from robustir.planning.conditions import FLOOR
from robustir.rundir.completeness import PARTIAL, whole_manifest
from robustir.rundir.directory import RunDirectory
from robustir.rundir.manifest import BenchmarkEntry, Manifest, NoiseEntry
from robustir.types import Task

__all__ = ["BASELINE", "NEW", "Joined", "LeftOut", "Pair", "Side", "join", "narrowed"]

NEW, BASELINE = "new", "baseline"  # the names of the two encoders of a joined block
Pair = tuple[str, str]  # the encoder of the baseline, and that of the new run
_PER_ROW = ("query_id", "source_id", "group", "query_lang", "passage_lang")
_KNOWN_CONDITIONS = ("", FLOOR.perturbation)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that two runs do not share, and why it is not compared."""

    what: str
    reason: str


@dataclass(frozen=True)
class Side:
    """A run and its manifest."""

    run: RunDirectory
    manifest: Manifest

    @classmethod
    def open(cls, run: RunDirectory) -> Side:
        """Read the manifest; raise RunError if cells are missing that did not fail."""
        return cls(run, whole_manifest(run))

    @property
    def name(self) -> str:
        """The folder as it was given."""
        return str(self.run.path)

    @property
    def encoders(self) -> dict[str, str]:
        """Specs of the encoders by name."""
        return {row.name: row.spec for row in self.manifest.encoders}

    def noises(self) -> dict[str, NoiseEntry]:
        """Perturbations by their specs."""
        return {row.spec: row for row in self.manifest.perturbations}

    def revision(self, encoder: str) -> tuple[str, str]:
        """Return spec and revision of an encoder, which identify it."""
        row = next(row for row in self.manifest.encoders if row.name == encoder)
        return row.spec, row.revision

    def vectors(self, encoder: str) -> bool:
        """Whether an encoder makes vectors."""
        return next(row for row in self.manifest.encoders if row.name == encoder).vectors

    def benchmark(self, entry: BenchmarkEntry) -> BenchmarkEntry | None:
        """Return this run's entry for another run's benchmark: one of the same data, else of the same name or spec."""
        for same in ("digest", "name", "spec"):
            for row in self.manifest.benchmarks:
                if getattr(row, same) == getattr(entry, same):
                    return row
        return None


@dataclass(frozen=True, slots=True)
class Shared:
    """One benchmark of both runs, restricted to the queries and passages that they share."""

    baseline: StoredBenchmark
    new: StoredBenchmark
    perturbations: Mapping[str, str]  # the baseline's names by the new run's
    queries: frozenset[str]
    same_data: bool


@dataclass(frozen=True, slots=True)
class Joined:
    """Blocks of scores with the encoders "new" and "baseline" for every pair; the parts not shared; the benchmarks.

    notes: caveats about shared parts.
    """

    blocks: Mapping[Pair, Sequence[QueryScores]]
    shared: Sequence[Shared]
    left_out: Sequence[LeftOut]
    notes: Sequence[str]


def join(baseline: Side, new: Side, pairs: Sequence[Pair], measures: Sequence[str]) -> Joined:
    """Return the scores shared by two runs (or two encoders of one), by query id and condition."""
    left_out: list[LeftOut] = []
    notes = [
        f"{side.name} is unfinished: {len(side.manifest.failed)} cells are missing"
        for side in (baseline, new)
        if side.manifest.status == PARTIAL
    ]
    shared: list[Shared] = []
    blocks: dict[Pair, list[QueryScores]] = {pair: [] for pair in pairs}
    for entry in baseline.manifest.benchmarks:
        other = new.benchmark(entry)
        if other is None:
            left_out.append(LeftOut(entry.name, f"{new.name} has not scored it"))
            continue
        one = _shared(baseline, new, (entry, other), pairs, left_out, notes)
        if not one.queries:
            left_out.append(LeftOut(entry.name, "the runs share no query of it"))
            continue
        shared.append(one)
        for pair, block in _blocks(one, pairs, measures, left_out):
            blocks[pair].append(block)
    known = {entry.name for entry in baseline.manifest.benchmarks if new.benchmark(entry) is not None}
    for entry in new.manifest.benchmarks:
        match = baseline.benchmark(entry)
        if match is None or match.name not in known:
            left_out.append(LeftOut(entry.name, f"{baseline.name} has not scored it"))
    return Joined(blocks, shared, list(dict.fromkeys(left_out)), list(dict.fromkeys(notes)))


def _shared(
    baseline: Side,
    new: Side,
    entries: tuple[BenchmarkEntry, BenchmarkEntry],
    pairs: Sequence[Pair],
    left_out: list[LeftOut],
    notes: list[str],
) -> Shared:
    entry, other = entries
    first = StoredBenchmark(baseline.run, baseline.manifest, entry)
    second = StoredBenchmark(new.run, new.manifest, other)
    same = entry.digest == other.digest
    queries = _queries(first, second, left_out, same=same)
    if not same:
        notes.append(
            f"{entry.name}: the runs were made on different data; queries and judgements are compared where they are the "
            "same, and passages by their ids (runs keep no texts of passages)"
        )
    names: dict[str, str] = {}
    kept: list[tuple[str, str, float, int]] = []
    ours, theirs = baseline.noises(), new.noises()
    for spec, row in ours.items():
        if spec not in theirs:
            left_out.append(LeftOut(row.name, f"{new.name} does not have this noise"))
            continue
        names[theirs[spec].name] = row.name
        kept += _same_noise((baseline, first), (new, second), (row, theirs[spec]), queries, left_out)
    left_out += [
        LeftOut(row.name, f"{baseline.name} does not have this noise")
        for spec, row in theirs.items()
        if spec not in ours
    ]
    mine = narrowed(baseline, entry, {one for one, _ in pairs}, {(a, severity, draw) for a, _, severity, draw in kept})
    its = narrowed(new, other, {one for _, one in pairs}, {(b, severity, draw) for _, b, severity, draw in kept})
    return Shared(mine, its, names, queries, same)


def narrowed(
    side: Side,
    entry: BenchmarkEntry,
    encoders: AbstractSet[str],
    conditions: AbstractSet[tuple[str, float, int]] | None = None,
) -> StoredBenchmark:
    """Return a benchmark with only some encoders and conditions (None: all), so that nothing else is read."""
    manifest = side.manifest
    cells = tuple(
        cell
        for cell in manifest.cells
        if cell.encoder in encoders
        and (
            conditions is None
            or cell.perturbation in _KNOWN_CONDITIONS
            or (cell.perturbation, cell.severity, cell.draw) in conditions
        )
    )
    noises = manifest.perturbations
    if conditions is not None:
        there = {(name, severity) for name, severity, _ in conditions}
        noises = tuple(
            replace(row, severities=tuple(severity for severity in row.severities if (row.name, severity) in there))
            for row in noises
        )
    named = tuple(row for row in manifest.encoders if row.name in encoders)
    return StoredBenchmark(side.run, replace(manifest, cells=cells, encoders=named, perturbations=noises), entry)


def _queries(first: StoredBenchmark, second: StoredBenchmark, left_out: list[LeftOut], *, same: bool) -> frozenset[str]:
    """Return the ids of queries that are the same in both: text, language and judgements."""
    if same:
        return frozenset(first.task.queries.ids)
    ours, theirs = _described(first.task), _described(second.task)
    alone = len(ours.keys() ^ theirs.keys())
    both = ours.keys() & theirs.keys()
    kept = frozenset(name for name in both if ours[name] == theirs[name])
    if alone:
        left_out.append(LeftOut(f"{alone} queries of {first.name}", "one run alone has them"))
    if len(kept) < len(both):
        changed = len(both) - len(kept)
        left_out.append(
            LeftOut(
                f"{changed} queries of {first.name}", "their texts, languages or judgements differ between the runs"
            )
        )
    return kept


def _described(task: Task) -> dict[str, tuple[Any, ...]]:
    """Return text, language and judgements of every query."""
    judged: list[list[tuple[str, float]]] = [[] for _ in task.queries.ids]
    for query, passage, gain in zip(task.qrels.query, task.qrels.passage, task.qrels.gain, strict=True):
        judged[query].append((task.corpus.ids[passage], float(gain)))
    for query, gain in zip(task.qrels.lost_query, task.qrels.lost_gain, strict=True):
        judged[query].append(("", float(gain)))
    queries = task.queries
    rows = zip(queries.ids, queries.texts, queries.langs, judged, strict=True)
    return {name: (text, lang, sorted(relevant)) for name, text, lang, relevant in rows}


def _same_noise(
    baseline: tuple[Side, StoredBenchmark],
    new: tuple[Side, StoredBenchmark],
    rows: tuple[NoiseEntry, NoiseEntry],
    queries: frozenset[str],
    left_out: list[LeftOut],
) -> Iterator[tuple[str, str, float, int]]:
    """Yield names in both runs, severity and draw of the query sets with identical texts in both."""
    ours, theirs = _query_sets(baseline[1], rows[0].name), _query_sets(new[1], rows[1].name)
    name = rows[0].name
    for severity in sorted({severity for severity, _ in ours.keys() ^ theirs.keys()}):
        draws = [sum(level == severity for level, _ in sets) for sets in (ours, theirs)]
        both = f"{draws[0]} draws against {draws[1]}; the shared draws are compared"
        why = both if all(draws) else "one run alone has scored it"
        left_out.append(LeftOut(f"{name} at {severity:g}", why))
    other: list[float] = []
    for condition in sorted(ours.keys() & theirs.keys()):
        if ours[condition] == theirs[condition] or _same_texts(
            (baseline[1], ours[condition]), (new[1], theirs[condition]), queries
        ):
            yield name, rows[1].name, *condition
        else:
            other.append(condition[0])
    why = _why(baseline[0], new[0], rows) if other else ""
    left_out += [LeftOut(f"{name} at {severity:g}", why) for severity in dict.fromkeys(other)]


def _query_sets(stored: StoredBenchmark, perturbation: str) -> dict[tuple[float, int], str]:
    """Return the keys of a perturbation's existing query sets, by severity and draw."""
    severities = dict.fromkeys(severity for name, severity in stored.conditions if name == perturbation)
    return {(severity, draw): key for severity in severities for draw, key in stored.query_sets(perturbation, severity)}


def _same_texts(
    first: tuple[StoredBenchmark, str], second: tuple[StoredBenchmark, str], queries: frozenset[str]
) -> bool:
    """Whether the shared queries have the same texts in two noisy query sets."""
    ours, theirs = (
        dict(zip(stored.task.queries.ids, stored.noisy(key).texts, strict=True)) for stored, key in (first, second)
    )
    return all(ours[name] == theirs[name] for name in queries)


def _why(baseline: Side, new: Side, rows: tuple[NoiseEntry, NoiseEntry]) -> str:
    """Return the reason why the same noise gave different texts."""
    if rows[0].attacked:
        return "each run attacked its own encoder, so the queries differ"
    seeds = [side.manifest.suite.seed for side in (baseline, new)]
    if seeds[0] != seeds[1]:
        return f"the noisy queries differ: seed {seeds[0]} against seed {seeds[1]}"
    versions = [row.version for row in rows]
    if versions[0] != versions[1]:
        return f"the noisy queries differ: version {versions[0]} of the noise against {versions[1]}"
    return "the noisy queries differ"


def _blocks(
    shared: Shared, pairs: Sequence[Pair], measures: Sequence[str], left_out: list[LeftOut]
) -> Iterator[tuple[Pair, QueryScores]]:
    theirs = {block.setting: block for block in gather(shared.new, measures)}
    for block in gather(shared.baseline, measures):
        where = f"{block.benchmark} ({block.setting})"
        other = theirs.get(block.setting)
        if other is None:
            left_out.append(LeftOut(where, "one run alone has this setting"))
            continue
        rows = _rows(shared, block, other, left_out, where)
        if not len(rows[0]):
            left_out.append(LeftOut(where, "the runs share no query with the same passages"))
            continue
        for pair in pairs:
            joined = _joined(shared, pair, (block, other), rows)
            left_out += _unscored(joined, f"{where}: {pair[0]} and {pair[1]}")
            yield pair, joined


def _unscored(block: QueryScores, where: str) -> Iterator[LeftOut]:
    """Yield the conditions in which one of the two encoders has no score."""
    if not np.isfinite(block.clean).any():
        yield LeftOut(where, "one of them has no clean scores")
        return
    for number, (name, severity) in enumerate(block.conditions):
        if not np.isfinite(block.noisy[:, number]).any():
            yield LeftOut(f"{where}, {name} at {severity:g}", "one of them has no scores here")


def _rows(
    shared: Shared, block: QueryScores, other: QueryScores, left_out: list[LeftOut], where: str
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows of both blocks with the same query and the same passages."""
    pools = None if shared.same_data else _same_pools(shared)
    place = {key: row for row, key in enumerate(zip(other.query_id, other.passage_lang, strict=True))}
    ours, theirs, apart = [], [], 0
    for row, key in enumerate(zip(block.query_id, block.passage_lang, strict=True)):
        if key[0] not in shared.queries or key not in place:
            continue
        if pools is not None and key[1] not in pools:
            apart += 1
            continue
        ours.append(row)
        theirs.append(place[key])
    if apart:
        left_out.append(LeftOut(f"{where}: {apart} rows", "the runs searched other passages"))
    return np.array(ours, dtype=np.intp), np.array(theirs, dtype=np.intp)


def _same_pools(shared: Shared) -> set[str]:
    """Return the languages whose passages are the same in both runs, by id; "all" if all are."""
    found = [_pools(one.task) for one in (shared.baseline, shared.new)]
    return {lang for lang in found[0].keys() & found[1].keys() if found[0][lang] == found[1][lang]}


def _pools(task: Task) -> dict[str, frozenset[tuple[str, int]]]:
    pools = [0] * len(task.corpus) if task.pools is None else task.pools.passage.tolist()
    everything = list(zip(task.corpus.ids, task.corpus.langs, pools, strict=True))
    langs = dict.fromkeys(task.corpus.langs)
    by_lang = {lang: frozenset((name, pool) for name, own, pool in everything if own == lang) for lang in langs}
    return {**by_lang, "all": frozenset((name, pool) for name, _, pool in everything)}


def _joined(
    shared: Shared,
    pair: Pair,
    blocks: tuple[QueryScores, QueryScores],
    rows: tuple[NDArray[np.intp], NDArray[np.intp]],
) -> QueryScores:
    """Return one block of two encoders, "new" first, over shared rows and conditions."""
    ours, theirs = blocks
    named = [(shared.perturbations[name], severity) for name, severity in theirs.conditions]
    conditions = tuple(condition for condition in ours.conditions if condition in named)
    at = ([named.index(one) for one in conditions], [ours.conditions.index(one) for one in conditions])
    measures = tuple(name for name in ours.measures if name in theirs.measures)
    chosen = [theirs.measures.index(name) for name in measures], [ours.measures.index(name) for name in measures]
    encoders = theirs.encoders.index(pair[1]), ours.encoders.index(pair[0])
    order = list(zip((theirs, ours), encoders, chosen, at, (rows[1], rows[0]), strict=True))

    def level(name: str) -> NDArray[np.float64] | None:
        values = [getattr(block, name) for block in (theirs, ours)]
        if any(one is None for one in values):
            return None
        return np.stack([one[row[1]][row[4]] for one, row in zip(values, order, strict=True)])

    def scores(name: str) -> NDArray[np.float64]:
        return np.stack([getattr(block, name)[one][picked][:, places] for block, one, picked, _, places in order])

    def under_noise(name: str) -> NDArray[np.float64]:
        return np.stack(
            [getattr(block, name)[one][seen][:, picked][..., places] for block, one, picked, seen, places in order]
        )

    doses = ("word_edit_rate", "char_error_rate", "unchanged", *(("rejected",) if ours.rejected is not None else ()))
    clean, noisy = scores("clean"), under_noise("noisy")
    # A row that one run could not score is left out of both.
    clean[:, ~np.isfinite(clean).all(axis=0)] = np.nan
    noisy[:, ~np.isfinite(noisy).all(axis=0)] = np.nan
    return replace(
        ours,
        encoders=(NEW, BASELINE),
        measures=measures,
        conditions=conditions,
        draws=min(ours.draws, theirs.draws),
        clean=clean,
        floor=scores("floor"),
        noisy=noisy,
        worst=under_noise("worst"),
        trained={},
        tied=level("tied"),
        missed=level("missed"),
        overlap=None,  # comparisons take neither the overlap with the clean rankings nor the spread of draws
        noise_draws={},
        draw_variance=None,
        moved_ties=_moved_ties(order, conditions),
        **{name: getattr(ours, name)[rows[0]] for name in _PER_ROW},
        **{name: getattr(ours, name)[at[1]][:, rows[0]] for name in doses},
    )


def _moved_ties(order: Sequence[Any], conditions: Sequence[tuple[str, float]]) -> MovedTies:
    """Return what tie-averaged ranks add to the changes of both encoders, "new" first, in shared rows and conditions."""
    moved: dict[tuple[str, tuple[str, float]], tuple[NDArray[np.intp], NDArray[np.float64]]] = {}
    for name, (block, one, picked, seen, places) in zip((NEW, BASELINE), order, strict=True):
        ties = at_rows(block, places)
        for condition, number in zip(conditions, seen, strict=True):
            found = ties.get((block.encoders[one], block.conditions[number]))
            if found is not None:
                moved[name, condition] = found[0], found[1][picked]
    return moved
