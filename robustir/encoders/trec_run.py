"""``trec-run``: the rankings of any search engine, a TREC run per query set, scored like robustir's own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from robustir.disk.reading import read_bytes, read_json, unpacked
from robustir.disk.shapes import Shape, shortened
from robustir.disk.trec import trec_id
from robustir.errors import DataError, SpecError
from robustir.plugins.paths import is_there
from robustir.plugins.shown import Shown
from robustir.types import Task

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["TrecRun"]

_COLUMNS = "query id, Q0, passage id, rank, score, tag"
_TAB_TO_BLANK = bytes.maketrans(b"\t", b" ")
_KEPT_LINES = 20_000_000  # of rankings held in memory, 12 bytes each


class _Row(BaseModel):
    name: str
    run: str


class _Index(BaseModel):
    query_sets: list[_Row]


_INDEX = Shape[_Index](_Index)


class TrecRun(Shown):
    """Reads rankings from files: ``robustir export queries`` writes the queries to rank.

    Each file is a TREC run for one query set: lines of a query id, Q0, a passage id, a rank, a score and a tag. Scores
    decide the order (equal scores: the id greater in byte order first, as in trec_eval); the column of ranks is ignored.
    Passages that are not listed are not retrieved.

    Args:
        files: a pattern such as 'runs/*.txt', a folder, or an export (its folder or its index.json). A file belongs to the
            query set whose exported name is part of the file's name; an index names the file of each query set under
            "run".
    """

    name = "trec-run"
    revision = "1"
    matches_only = True

    def __init__(self, files: str) -> None:
        if not isinstance(files, str) or not files.strip():
            raise SpecError(
                f"files={files!r}: give a pattern such as 'runs/*.txt', a folder, or the index.json of an export"
            )
        self.files = files
        self._digests: dict[str, str] = {}
        self._kept: dict[tuple[str, str], csr_matrix] = {}

    @cached_property
    def _index(self) -> dict[str, Path] | None:
        """The file of each query set according to the index, if there is one."""
        path = Path(self.files)
        path = path / "index.json" if (path / "index.json").is_file() else path
        if path.suffix != ".json":
            return None
        index: _Index = read_json(path, _INDEX, advice="robustir export queries  writes such an index")
        return {row.name: path.parent / row.run for row in index.query_sets}

    @cached_property
    def _found(self) -> list[Path]:
        """The files of the pattern or folder."""
        path = Path(self.files)
        if path.is_file():
            return [path]
        if path.is_dir():
            files = sorted(file for file in path.rglob("*") if file.is_file())
        else:
            files = sorted(
                file for file in Path(path.anchor or ".").glob(str(path.relative_to(path.anchor))) if file.is_file()
            )
        if not files:
            raise DataError(
                f"trec-run: no file matches {self.files} (in {Path.cwd()}); write the queries with  robustir export "
                "queries SUITE  and one TREC run for each of their files"
            )
        return files

    def file_of(self, query_set: str) -> Path:
        """Return the file with the rankings of a query set; raise DataError if it is missing or ambiguous."""
        if self._index is not None:
            path = self._index.get(query_set)
            if path is None or not (is_there(str(path)) and path.is_file()):
                what = f"the file {shortened(str(path), 300)} is missing" if path else f"{self.files} does not name it"
                raise DataError(f"trec-run: no rankings for the query set {query_set}: {what}; {_ADVICE}")
            return path
        matching = [path for path in self._found if query_set in path.name]
        if len(matching) != 1:
            several = " and ".join(map(str, matching[:2]))
            what = f"{several} both have its name" if matching else f"{self.files} has no file {query_set}.txt"
            raise DataError(
                f"trec-run: no rankings for the query set {query_set}: {what}; "
                + ("keep one, or rename the others" if matching else _ADVICE)
            )
        return matching[0]

    def revision_of(self, query_set: str) -> str:
        """Return the digest of a query set's rankings."""
        if query_set not in self._digests:
            self._digests[query_set] = hashlib.sha256(_read(self.file_of(query_set))).hexdigest()
        return self._digests[query_set]

    def scores_of(self, query_set: str, task: Task) -> csr_matrix:
        """Return float32 [queries, passages]: 1 for the worst listed score, 1 more for every better score.

        Raises:
            DataError: for a malformed line, an unknown id, or a passage that is listed twice; names file and line.
        """
        kept = (query_set, task.name)
        if kept not in self._kept:
            if sum(matrix.nnz for matrix in self._kept.values()) > _KEPT_LINES:
                self._kept.clear()
            self._kept[kept] = _matrix(self.file_of(query_set), task)
        return self._kept[kept]


_ADVICE = (
    "rank the queries in the file of that name. If the seed, the data or the noise changed, export the queries again"
)


def _read(path: Path) -> bytes:
    return unpacked(path, read_bytes(path, advice=_ADVICE), advice="write it again")


def _rows_of(ids: tuple[str, ...]) -> Mapping[str, int]:
    """Return the row of each id, also of the escaped form of ids with blanks."""
    return {trec_id(name): row for row, name in enumerate(ids)} | {name: row for row, name in enumerate(ids)}


@dataclass(frozen=True, eq=False)
class _Table:
    """The lines of a TREC run: rows of query and passage int64 [n], score float32 [n], numbers of the lines [n]."""

    query: NDArray[np.int64]
    passage: NDArray[np.int64]
    score: NDArray[np.float32]
    line: NDArray[np.int64]


def _matrix(path: Path, task: Task) -> csr_matrix:
    from scipy.sparse import csr_matrix

    content = _read(path)
    table = _quickly(content, task) or _by_line(path, content, task)
    _refuse_nan(path, table)
    _refuse_twice(path, table, len(task.corpus))
    shape = (len(task.queries), len(task.corpus))
    return csr_matrix((_places(table.query, table.score), (table.query, table.passage)), shape=shape)


def _quickly(content: bytes, task: Task) -> _Table | None:
    """Read lines of six columns separated by single blanks, a million in a second (one by one: four); None for others."""
    import pyarrow as pa
    import pyarrow.csv as pc

    if not content.strip() or b"\n\n" in content or b"\n\r\n" in content:
        return None  # numbers of lines would not be those of the rows
    names = ("query", "q0", "passage", "rank", "score", "tag")
    text = pa.dictionary(pa.int32(), pa.string())
    types = {"query": text, "q0": text, "passage": text, "rank": text, "score": pa.float64(), "tag": text}
    try:
        read: Any = pc.read_csv(
            pa.BufferReader(content.translate(_TAB_TO_BLANK)),
            pc.ReadOptions(column_names=names),
            pc.ParseOptions(delimiter=" ", quote_char=False),
            pc.ConvertOptions(column_types=types, null_values=[], strings_can_be_null=False),
        )
    except pa.ArrowInvalid:
        return None
    query, passage = (
        _known_rows(read[name], ids) for name, ids in (("query", task.queries.ids), ("passage", task.corpus.ids))
    )
    if query is None or passage is None:
        return None
    return _Table(query, passage, _single(read["score"].to_numpy()), np.arange(1, len(query) + 1))


def _known_rows(column: Any, ids: tuple[str, ...]) -> NDArray[np.int64] | None:
    """Return the row of each id of a column, None if any is unknown."""
    encoded = column.unify_dictionaries().combine_chunks()
    known = _rows_of(ids)
    try:
        rows = np.array([known[name] for name in encoded.dictionary.to_pylist()], dtype=np.int64)
    except KeyError:
        return None
    by_line: NDArray[np.int64] = rows[encoded.indices.to_numpy()]
    return by_line


def _by_line(path: Path, content: bytes, task: Task) -> _Table:
    """Read lines one by one; raise DataError for the first wrong line."""
    known_queries, known_passages = _rows_of(task.queries.ids), _rows_of(task.corpus.ids)
    rows: list[tuple[int, int, int]] = []
    scores: list[float] = []
    for number, (query, _, passage, _, score, _) in _lines(path, content):
        try:
            rows.append((known_queries[query], known_passages[passage], number))
            scores.append(float(score))
        except KeyError:
            what, name = ("query", query) if query not in known_queries else ("passage", passage)
            raise DataError(
                f"{path}:{number}: {task.name} has no {what} {shortened(name)!r}; the file may belong to another data set"
            ) from None
        except ValueError:
            raise DataError(f"{path}:{number}: the score {shortened(score)!r} is not a number") from None
    if not rows:
        raise DataError(f"{path} lists no passage for any query; it may be incomplete")
    columns = np.array(rows, dtype=np.int64)
    return _Table(columns[:, 0], columns[:, 1], _single(np.array(scores, dtype=np.float64)), columns[:, 2])


def _lines(path: Path, content: bytes) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        cells = line.split()  # at blanks and tabs, as trec_eval does
        if not cells:
            continue
        if len(cells) != 6:
            raise DataError(f"{path}:{number}: {len(cells)} columns; a line of a TREC run has {_COLUMNS}")
        try:
            yield number, [cell.decode("utf-8") for cell in cells]
        except UnicodeDecodeError:
            raise DataError(f"{path}:{number}: the line is not UTF-8; save the file as UTF-8") from None


def _single(scores: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return scores in single precision, in which trec_eval compares them."""
    with np.errstate(over="ignore"):
        return scores.astype(np.float32)


def _refuse_nan(path: Path, table: _Table) -> None:
    wrong = np.isnan(table.score)
    if wrong.any():
        raise DataError(f"{path}:{table.line[wrong.argmax()]}: the score is NaN, which cannot be ordered")


def _refuse_twice(path: Path, table: _Table, passages: int) -> None:
    pair = table.query * passages + table.passage
    order = np.argsort(pair, kind="stable")
    same = np.flatnonzero(np.diff(pair[order]) == 0)
    if len(same):
        first, second = table.line[order[same[0] : same[0] + 2]]
        raise DataError(f"{path}:{second}: the same query and passage as in line {first}; list a passage once")


def _places(row: NDArray[np.int64], value: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return for every line the number of different scores of its query up to its own: 1, 2, ...; ties stay ties."""
    order = np.lexsort((value, row))
    new_row = np.diff(row[order], prepend=-1) != 0
    new_value = np.append(True, value[order][1:] != value[order][:-1])
    counted = np.cumsum(new_row | new_value)
    start = np.maximum.accumulate(np.where(new_row, np.arange(len(row)), 0))
    places: NDArray[np.float32] = np.empty(len(row), dtype=np.float32)
    places[order] = counted - counted[start] + 1
    return places
