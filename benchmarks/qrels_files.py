"""Files of relevance judgements: BEIR's three columns, with or without a header, and TREC's four."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from robustir.benchmarks.judgements import Judgement
from robustir.disk.reading import find_packed, read_lines
from robustir.disk.shapes import shortened
from robustir.errors import DataError

__all__ = ["find_qrels", "read_qrels"]

_SUFFIXES = (".tsv", ".txt", ".qrels", ".qrel")
_PACKED = re.compile(r"\.(gz|zst|bz2|xz)$")
# What headers call the columns, lower case and without blanks, hyphens and underscores.
_COLUMNS = {
    "query": ("queryid", "qid", "query", "topic", "topicid", "topicnumber"),
    "passage": ("corpusid", "docid", "docno", "pid", "passageid", "documentid", "did", "doc", "corpus"),
    "score": ("score", "relevance", "rel", "label", "gain", "grade", "judgment", "judgement", "relevancy"),
    "iteration": ("q0", "iter", "iteration", "0", "unused"),
}
_BY_NAME = {name: column for column, names in _COLUMNS.items() for name in names}
_WHOLE = re.compile(r"([+-]?[0-9]{1,400})(?:\.0*)?")


def find_qrels(folder: Path, split: str | None) -> tuple[Path, str]:
    """Return the judgements of a split, and a note if the file has an unexpected name.

    Args:
        folder: the folder ``qrels``.
        split: its name; None: "test", or else the only split.

    Raises:
        DataError: if the split is missing; names the others.
    """
    expected = folder / f"{split or 'test'}.tsv"
    for suffix in _SUFFIXES:
        if file := find_packed(expected.with_suffix(suffix)):
            return file, ""
    splits: dict[str, Path] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        plain = Path(_PACKED.sub("", path.name))
        if plain.suffix in _SUFFIXES and path.is_file() and not path.name.startswith("."):
            splits.setdefault(plain.stem, path)
    if split is None and len(splits) == 1:
        (path,) = splits.values()
        return path, f"the judgements are {path.parent.name}/{path.name}, the only split: test.tsv is missing"
    if not splits:
        raise DataError(f"{expected} is missing; a BEIR folder holds qrels/SPLIT.tsv")
    raise DataError(f"{expected} is missing; choose another split with split=: {', '.join(sorted(splits))}")


def read_qrels(path: Path) -> Iterator[Judgement]:
    """Yield the judgements of a file; the columns are tab-separated, or separated by blanks.

    Raises:
        DataError: for a line that is not a judgement, and for a file without any; names file and line.
    """
    order: Sequence[int] | None = None
    width, count = 0, 0
    for number, line in read_lines(path):
        cells = _cells(line)
        if order is None:
            order, width = _order(path, number, cells), len(cells)
            if _is_header(cells):
                continue
        if len(cells) != width:
            raise DataError(
                f"{path}:{number}: {len(cells)} columns, but {width} before; the form is  query-id <tab> corpus-id <tab> "
                "score, or  query-id 0 passage-id score"
            )
        query, passage, score = (cells[place] for place in order)
        yield Judgement(query, passage, _gain(path, number, score), number)
        count += 1
    if not count:
        what = "only a header" if order is not None else "nothing"
        raise DataError(f"{path} holds {what} and no judgement; a line is  query-id <tab> corpus-id <tab> score")


def _cells(line: str) -> list[str]:
    return line.split("\t") if "\t" in line else line.split()


def _plain(cell: str) -> str:
    return re.sub(r"[\s_-]", "", cell).lower()


def _is_header(cells: Sequence[str]) -> bool:
    return _BY_NAME.get(_plain(cells[-1])) in {"score", "passage", "query"} and not _WHOLE.fullmatch(cells[-1].strip())


def _order(path: Path, number: int, cells: Sequence[str]) -> Sequence[int]:
    """Return the places of query, passage and score in a file that begins with these cells."""
    if len(cells) not in (3, 4):
        raise DataError(
            f"{path}:{number}: {len(cells)} columns; the form is  query-id <tab> corpus-id <tab> score, or  "
            "query-id 0 passage-id score"
        )
    if _is_header(cells):
        named = {_BY_NAME.get(_plain(cell)): place for place, cell in enumerate(cells)}
        if {"query", "passage", "score"} <= named.keys():
            return named["query"], named["passage"], named["score"]
    return (0, 1, 2) if len(cells) == 3 else (0, 2, 3)


def _gain(path: Path, number: int, score: str) -> int:
    match = _WHOLE.fullmatch(score.strip())
    if not match:
        raise DataError(f"{path}:{number}: the score {shortened(score)!r} is not a whole number")
    return int(match[1])
