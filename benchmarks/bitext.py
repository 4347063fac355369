"""Aligned sentences as retrieval tasks: find the translation of a sentence among the sentences of its set.

Every sentence has one relevant passage per language pair, its translation. Within its own language a sentence could only
find itself, so mono is undefined.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robustir.disk.reading import read_text
from robustir.errors import DataError, NotApplicableError
from robustir.text.corresponding import misaligned
from robustir.types import Corpus, Pools, Qrels, QuerySet, Setting, Task

__all__ = ["NO_MONO", "Bitext", "blocks", "check_alignment", "pair_task", "parallel_task", "read_lines"]

NO_MONO = "mono is undefined: within its own language a sentence could only find itself; multi adds nothing to cross"
_SETTINGS: tuple[Setting, ...] = ("cross",)


def read_lines(path: Path) -> list[str]:
    """Return the lines of a file, cut at line feeds alone, without carriage returns and a last empty line.

    Raises:
        DataError: if the file or one of its lines is empty.
    """
    lines = [line.removesuffix("\r") for line in read_text(path).split("\n")]
    if lines and not lines[-1]:
        lines.pop()
    empty = next((number for number, line in enumerate(lines, start=1) if not line.strip()), None)
    if empty is not None:
        raise DataError(f"{path}:{empty}: the line is empty; aligned files need a sentence in every line")
    if not lines:
        raise DataError(f"{path} is empty; it needs one sentence per line")
    return lines


def blocks(size: int, lines: int = 20) -> list[str]:
    """Return groups for sentences without document ids: contiguous blocks of ``lines`` lines."""
    return [f"block-{line // lines:04d}" for line in range(size)]


@dataclass(frozen=True)
class Bitext:
    """Aligned sentences of two languages; ``name`` is unique among the sets of a task. where: their files, for messages."""

    name: str
    langs: tuple[str, str]
    left: Sequence[str]
    right: Sequence[str]
    groups: Sequence[str]
    source_ids: Sequence[str]
    where: str = ""


def check_alignment(where: str, left: Sequence[str], right: Sequence[str]) -> None:
    """Check that two files have equal numbers of lines, and that their lines are translations of each other.

    Lines are compared in windows of 200: lengths that hardly correlate and numbers that do not agree refuse a window.

    Args:
        where: what the files are, for the message.
        left, right: the lines of each file.

    Raises:
        DataError: if the numbers of lines differ, or a window is refused.
    """
    if len(left) != len(right):
        raise DataError(
            f"{where}: {len(left)} lines against {len(right)}; aligned files have equal numbers of lines, get them again"
        )
    found = misaligned(left, right)
    if found is not None:
        raise DataError(
            f"{where}: lines {found.first + 1} to {found.end} are not translations of each other ({found.reason}); one file "
            "has lost its alignment"
        )


def _pair_columns(sets: Sequence[Bitext], directions: Sequence[str]) -> tuple[dict[str, list[str]], NDArray[np.int32]]:
    """Return queries and passages of all sets in columns, and the pool of each row."""
    columns: dict[str, list[str]] = {
        key: [] for key in ("id", "text", "lang", "source", "group", "pid", "ptext", "plang")
    }
    pools: list[NDArray[np.int32]] = []
    for bitext in sets:
        check_alignment(bitext.where or bitext.name, bitext.left, bitext.right)
        sides = (bitext.left, bitext.right)
        for way, (ask, find) in {"there": (0, 1), "back": (1, 0)}.items():
            if way not in directions:
                continue
            size, label = len(bitext.left), f"{bitext.name}-{bitext.langs[ask]}-{bitext.langs[find]}"
            columns["id"] += [f"{label}-q{line:04d}" for line in range(size)]
            columns["pid"] += [f"{label}-p{line:04d}" for line in range(size)]
            columns["text"] += sides[ask]
            columns["ptext"] += sides[find]
            columns["lang"] += [bitext.langs[ask]] * size
            columns["plang"] += [bitext.langs[find]] * size
            columns["source"] += bitext.source_ids
            columns["group"] += bitext.groups
            pools.append(np.full(size, len(pools), dtype=np.int32))
    return columns, np.concatenate(pools)


def pair_task(
    name: str,
    sets: Sequence[Bitext],
    *,
    group_kind: str,
    licence: str,
    source: str,
    directions: Sequence[str] = ("there", "back"),
) -> Task:
    """Return a task of bitext sets; every set and direction is a pool of its own.

    Passage i of a pool is the only relevant one of query i.
    """
    columns, pool = _pair_columns(sets, directions)
    queries = QuerySet(
        ids=tuple(columns["id"]),
        texts=tuple(columns["text"]),
        langs=tuple(columns["lang"]),
        source_ids=tuple(columns["source"]),
        groups=tuple(columns["group"]),
    )
    corpus = Corpus(*(tuple(columns[key]) for key in ("pid", "ptext", "plang")))
    rows = np.arange(len(queries), dtype=np.int32)
    return Task(
        name=name,
        queries=queries,
        corpus=corpus,
        qrels=Qrels(rows, rows, np.ones(len(rows))),
        settings=_SETTINGS,
        group_kind=group_kind,
        licence=licence,
        source=source,
        pools=Pools(pool, pool),
        settings_note=NO_MONO,
    )


def _check_parallel(
    name: str, sentences: Mapping[str, Sequence[str]], pivot: str | None, files: Mapping[str, Path]
) -> None:
    """Refuse a pivot that is not there, one language alone, and files that are not aligned."""
    langs = tuple(sentences)
    if files:
        name = f"{name} in {files[langs[0]].parent}"
    if pivot is not None and pivot not in langs:
        raise NotApplicableError(f"{name}: pivot={pivot!r} is not among the languages: {', '.join(langs)}")
    if len(langs) < 2:
        raise NotApplicableError(f"{name} needs two languages; name another one beside {', '.join(langs)}")
    first = langs[0]
    for lang in langs[1:]:
        where = f"{files[first]} and {files[lang]}" if files else f"{name}, {first} and {lang}"
        check_alignment(where, sentences[first], sentences[lang])


def parallel_task(
    name: str,
    sentences: Mapping[str, Sequence[str]],
    groups: Sequence[str],
    *,
    pivot: str | None,
    group_kind: str,
    licence: str,
    source: str,
    files: Mapping[str, Path] | None = None,
) -> Task:
    """Return a task of sentences that every language has.

    Args:
        name: of the task.
        sentences: the aligned sentences by language.
        groups: the group of every sentence, for resampling.
        pivot: pair only this language with the others, in two pools: its passages and theirs. None: all pairs.
        group_kind: what a group is, for reports.
        licence, source: of the data.
        files: of each language, for messages.

    Raises:
        NotApplicableError: if the pivot is missing, or there is only one language.
        DataError: if two languages are not aligned.
    """
    _check_parallel(name, sentences, pivot, files or {})
    langs = tuple(sentences)
    size = len(sentences[langs[0]])
    places = [(lang, line) for lang in langs for line in range(size)]
    queries = QuerySet(
        ids=tuple(f"{lang}-q{line:04d}" for lang, line in places),
        texts=tuple(sentences[lang][line] for lang, line in places),
        langs=tuple(lang for lang, _ in places),
        source_ids=tuple(f"{line:04d}" for _, line in places),
        groups=tuple(groups[line] for _, line in places),
    )
    corpus = Corpus(tuple(f"{lang}-p{line:04d}" for lang, line in places), queries.texts, queries.langs)
    offset = {lang: number * size for number, lang in enumerate(langs)}
    rows = [
        (offset[ask] + line, offset[find] + line, 1)
        for ask in langs
        for find in langs
        if ask != find and (pivot is None or pivot in (ask, find))
        for line in range(size)
    ]
    pools = None
    if pivot is not None:
        asks_pivot = np.repeat(np.array([lang == pivot for lang in langs], dtype=np.int32), size)
        pools = Pools(asks_pivot, 1 - asks_pivot)
    return Task(
        name=name,
        queries=queries,
        corpus=corpus,
        qrels=Qrels.from_rows(rows),
        settings=_SETTINGS,
        group_kind=group_kind,
        licence=licence,
        source=source,
        pools=pools,
        settings_note=NO_MONO,
    )
