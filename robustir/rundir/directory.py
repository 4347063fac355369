"""The run directory: per-query ranks and query sets on disk, atomic and resumable.

Only this crosses from running to analysing.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.disk.atomic import write_text_atomically
from robustir.disk.locks import locked
from robustir.errors import RunError
from robustir.rundir.files import JOURNAL, KEYED, KEYED_PARTS, RunFiles
from robustir.rundir.manifest import BenchmarkEntry, Manifest
from robustir.types import Corpus, Dose, Pools, Qrels, QuerySet, Ranks, Task

__all__ = ["RunDirectory"]

MANIFEST = "manifest.json"
# The names that robustir.disk.atomic gives incomplete files.
_TEMPORARY = re.compile(r"\.(manifest\.json|report\.\w+|\w+\.csv|[0-9a-f]{32}\.(parquet|faiss))\.\d+\.tmp")
_REPORTS = ("html", "pdf", "tex")
# The parts of the folder in which a run writes; nothing outside them is ever removed.
_PARTS = ("", *KEYED_PARTS, "findings")
_MIXING = "code_mixing_index"  # a column of mixed-language query sets alone
_RANK_COLUMNS = tuple(field.name for field in fields(Ranks))


class RunDirectory:
    """A run on disk. ``queries/`` and ``ranks/`` hold one Parquet file per key, written atomically.

    partial: whether an unfinished run may be analysed (:mod:`robustir.rundir.completeness`).
    """

    def __init__(self, path: Path | str, *, partial: bool = False) -> None:
        self.path, self.partial = Path(path), partial
        self.files = RunFiles(self.path, self._listed_digests)

    def __repr__(self) -> str:
        return f"RunDirectory({str(self.path)!r})"

    @classmethod
    def open(cls, path: Path | str, *, partial: bool = False) -> RunDirectory:
        """Open an existing run; raise RunError if the folder has no manifest."""
        run = cls(path, partial=partial)
        if not (run.path / MANIFEST).is_file():
            raise RunError(
                f"{path} is not a run directory (it has no {MANIFEST}); make one with  robustir run SUITE -o {path}"
            )
        return run

    @property
    def exists(self) -> bool:
        """Whether the folder holds a run, finished or not."""
        return (self.path / MANIFEST).is_file()

    def read_manifest(self) -> Manifest:
        """Return the manifest; raise RunError if it is damaged, of another schema, or not that of a run."""
        path = self.path / MANIFEST
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise RunError(f"{path} cannot be read: {error.strerror or error}") from error
        except ValueError as error:
            raise RunError(
                f"{path} cannot be read ({error}); the run is damaged, run it again in another folder"
            ) from error
        return Manifest.read(text, path)

    def write_manifest(self, manifest: Manifest) -> None:
        """Write the manifest atomically, with the digests of the files that are there."""
        known = self.files.digests() or {}
        there = {name: digest for name, digest in sorted(known.items()) if (self.path / name).exists()}
        write_text_atomically(self.path / MANIFEST, replace(manifest, files=there).text())
        self.files.settle()

    def _listed_digests(self) -> Mapping[str, str] | None:
        return self.read_manifest().files if self.exists else None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the run for this process, which releases it at its end; raise RunError if another process holds it."""
        with locked(self.path):
            self._remove_leftovers()
            try:
                yield
            finally:
                self._remove_leftovers()

    def clear(self) -> None:
        """Remove the run, so that another can begin in the folder; files that robustir did not write stay."""
        if not self.exists:
            return
        for path in (*(self.path / f"report.{kind}" for kind in _REPORTS), *self.path.glob("findings/*.csv")):
            path.unlink(missing_ok=True)
        for part in KEYED_PARTS:
            for path in (self.path / part).glob("*.*"):
                if KEYED.fullmatch(path.name):
                    path.unlink(missing_ok=True)
        for name in (JOURNAL, MANIFEST):
            (self.path / name).unlink(missing_ok=True)

    @property
    def work_path(self) -> Path:
        """The folder of temporary files of the process that holds the lock."""
        return self.path / ".robustir-work"

    def _remove_leftovers(self) -> None:
        """Remove half-written files of a killed process; the holder of the lock is the only writer.

        The folder may hold other files (``-o .``), so only names that robustir gives are removed.
        """
        shutil.rmtree(self.work_path, ignore_errors=True)
        for part in _PARTS:
            for path in (self.path / part).glob(".*.tmp"):
                if _TEMPORARY.fullmatch(path.name):
                    path.unlink(missing_ok=True)

    def queries_path(self, key: str) -> Path:
        """Return the file of a query set."""
        return self.path / "queries" / f"{key}.parquet"

    def ranks_path(self, key: str) -> Path:
        """Return the file of a cell."""
        return self.path / "ranks" / f"{key}.parquet"

    def top_path(self, key: str) -> Path:
        """Return the file of a cell's top-k lists."""
        return self.path / "top" / f"{key}.parquet"

    def rankings_path(self, key: str) -> Path:
        """Return the file of a cell's kept lists and their overlaps (:mod:`robustir.rundir.kept_lists`)."""
        return self.path / "rankings" / f"{key}.parquet"

    def passages_path(self, key: str) -> Path:
        """Return the file with the ids and languages of a benchmark's passages."""
        return self.path / "passages" / f"{key}.parquet"

    def relevant_path(self, key: str) -> Path:
        """Return the file with a benchmark's judgements: each row of a cell is the rank of one of them."""
        return self.path / "relevant" / f"{key}.parquet"

    def shown_path(self, key: str) -> Path:
        """Return the file with the texts of a benchmark's passages that the examples show."""
        return self.path / "shown" / f"{key}.parquet"

    def index_path(self, key: str) -> Path:
        """Return the file of an index (:mod:`robustir.ranking.indexes`)."""
        return self.path / "indexes" / f"{key}.faiss"

    def write_task(self, key: str, task: Task) -> None:
        """Write a benchmark's clean queries and its judgements, once."""
        import pyarrow as pa

        if not self.queries_path(key).exists():
            queries = task.queries
            self.files.write(
                self.queries_path(key),
                pa.table(
                    {
                        "_id": queries.ids,
                        "text": queries.texts,
                        "lang": _category(queries.langs),
                        "source_id": queries.source_ids,
                        "group": _category(queries.groups),
                        **({} if task.pools is None else {"pool": _smallest(task.pools.query)}),
                    }
                ),
            )
        if not self.passages_path(key).exists():
            passages = {"_id": task.corpus.ids, "lang": _category(task.corpus.langs)}
            pools = {} if task.pools is None else {"pool": _smallest(task.pools.passage)}
            self.files.write(self.passages_path(key), pa.table({**passages, **pools}))
        if not self.relevant_path(key).exists():
            self.files.write(self.relevant_path(key), pa.table(_relevant_columns(task.qrels)))

    def read_task(self, entry: BenchmarkEntry) -> Task:
        """Return a benchmark as stored, without the passages' texts; ``entry`` is its row of the manifest."""
        key = entry.queries_key
        queries, passages, relevant = (
            self.files.read(self.queries_path(key)),
            self.files.read(self.passages_path(key)),
            self.files.read(self.relevant_path(key)),
        )
        ids = _strings(passages["_id"])
        pools = None
        if "pool" in passages.column_names:
            pools = Pools(*(table["pool"].to_numpy().astype(np.int32) for table in (queries, passages)))
        return Task(
            name=entry.name,
            queries=QuerySet(
                ids=_strings(queries["_id"]),
                texts=_strings(queries["text"]),
                langs=_strings(queries["lang"]),
                source_ids=_strings(queries["source_id"]),
                groups=_strings(queries["group"]),
            ),
            corpus=Corpus(ids, ("",) * len(ids), _strings(passages["lang"])),
            qrels=_read_relevant(relevant),
            settings=entry.settings,
            group_kind=entry.group_kind,
            pools=pools,
            exclude_identical_ids=entry.exclude_identical_ids,
        )

    def write_queries(self, key: str, queries: QuerySet, extra: Mapping[str, NDArray[Any]] | None = None) -> None:
        """Write a perturbed query set with its realised dose, and further columns with a value per query."""
        import pyarrow as pa

        assert queries.dose is not None
        columns = {
            "_id": queries.ids,
            "text": queries.texts,
            "lang": _category(queries.langs),
            "word_edit_rate": queries.dose.word_edit_rate,
            "char_error_rate": queries.dose.char_error_rate,
            **({} if queries.dose.code_mixing_index is None else {_MIXING: queries.dose.code_mixing_index}),
            **(extra or {}),
        }
        self.files.write(self.queries_path(key), pa.table(columns))

    def read_noisy(self, key: str) -> tuple[list[str], list[str], Dose]:
        """Return ids, texts and doses of a perturbed query set."""
        table = self.files.read(self.queries_path(key))
        mixing = table[_MIXING].to_numpy() if _MIXING in table.column_names else None
        dose = Dose(table["word_edit_rate"].to_numpy(), table["char_error_rate"].to_numpy(), mixing)
        return table["_id"].to_pylist(), table["text"].to_pylist(), dose

    def write_ranks(self, key: str, ranks: Ranks, facts: Mapping[str, str] | None = None) -> None:
        """Write a cell, and facts about it: one row per judgement of the benchmark, smallest unsigned integers."""
        import pyarrow as pa

        columns = {name: _smallest(getattr(ranks, name)) for name in _RANK_COLUMNS}
        self.files.write(self.ranks_path(key), pa.table(columns), facts)

    def read_ranks(self, key: str) -> Ranks:
        """Return a cell's ranks."""
        table = self.files.read(self.ranks_path(key))
        return Ranks(*(table[name].to_numpy().astype(np.uint32) for name in _RANK_COLUMNS))

    def write_table(self, path: Path, columns: Mapping[str, Any], facts: Mapping[str, str] | None = None) -> None:
        """Write columns, and facts about the table, as one Parquet file of the run, atomically."""
        import pyarrow as pa

        self.files.write(path, pa.table(dict(columns)), facts)

    def read_facts(self, path: Path) -> dict[str, str]:
        """Return the facts of a Parquet file of the run, without reading its columns."""
        return self.files.facts(path)

    def read_table(self, path: Path, columns: Sequence[str] | None = None) -> Any:
        """Return a Parquet file of the run, or some of its columns, as a pyarrow table."""
        return self.files.read(path, columns)

    def read_batches(self, path: Path, columns: Sequence[str]) -> Iterator[Any]:
        """Yield the rows of a Parquet file of the run as pyarrow record batches."""
        return self.files.batches(path, columns)


def _category(values: Any) -> Any:
    import pyarrow as pa

    return pa.array(values, pa.string()).dictionary_encode()


def _strings(column: Any) -> tuple[str, ...]:
    return tuple(column.to_pylist())


def _relevant_columns(qrels: Qrels) -> dict[str, Any]:
    """Return judgements as columns: first those with ranks, then relevant passages outside the corpus, as null."""
    import pyarrow as pa

    gain = np.concatenate((qrels.gain, qrels.lost_gain))
    lost = np.arange(len(gain)) >= len(qrels)
    passage = np.concatenate((qrels.passage, np.zeros(len(qrels.lost_query), dtype=np.int32)))
    return {
        "query": _smallest(np.concatenate((qrels.query, qrels.lost_query))),
        "passage": pa.array(_smallest(passage), mask=lost if lost.any() else None),
        "gain": _smallest(gain.astype(np.uint64)) if gain.max(initial=0) < 2**53 else gain,
    }


def _read_relevant(table: Any) -> Qrels:
    known = table["passage"].is_valid().to_numpy()
    query, gain = table["query"].to_numpy().astype(np.int32), table["gain"].to_numpy().astype(np.float64)
    passage = table["passage"].filter(table["passage"].is_valid()).to_numpy().astype(np.int32)
    return Qrels(query[known], passage, gain[known], query[~known], gain[~known])


def _smallest(values: NDArray[Any]) -> NDArray[Any]:
    return values.astype(np.min_scalar_type(int(values.max()) if len(values) else 0))
