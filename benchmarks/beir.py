"""``beir``: any folder in BEIR's layout (Thakur et al. 2021): corpus.jsonl, queries.jsonl, qrels/<split>.tsv."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from robustir.benchmarks.files import chosen_for_both
from robustir.benchmarks.judgements import JudgementPolicy, judge
from robustir.benchmarks.qrels_files import find_qrels, read_qrels
from robustir.disk.reading import find_packed, parse_file_json, read_lines
from robustir.errors import DataError
from robustir.types import Corpus, QuerySet, Task, possible_settings

__all__ = ["Beir"]


@dataclass
class _Rows:
    ids: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    langs: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    grouped: bool = False  # whether any row names its group


class Beir:
    """A folder with corpus.jsonl, queries.jsonl and qrels; the optional fields ``lang``, ``source_id`` and ``group`` are read.

    Without a ``lang`` field every text is in ``lang``. Files may be packed (.gz, .zst, .bz2, .xz); judgements have BEIR's
    three columns or TREC's four. Queries without a judgement are left out, as trec_eval does.

    Args:
        folder: path of the folder.
        split: the judgements to use, named after a file in qrels/; by default test, or else the only file.
        lang: language of texts without a ``lang`` field.
        no_relevant: for a query without relevant passages: 'zero' scores it 0, 'skip' leaves it out.
        missing: for judgements with unknown ids: 'never-found' counts the passage as never found, 'strict' refuses.
        exclude_identical_ids: True: a passage with the query's own id is not a candidate, as in BEIR's evaluator.
            None: it is one, and a note says so.
    """

    name = "beir"
    languages: tuple[str, ...] = ()  # whatever the folder holds
    folder: str | None = None
    licence = "see the folder"
    source = "a local folder in BEIR's layout"

    def __init__(
        self,
        folder: str,
        split: str | None = None,
        lang: str = "en",
        no_relevant: str = "zero",
        missing: str = "never-found",
        exclude_identical_ids: bool | None = None,
    ) -> None:
        self.path = Path(folder)
        self.split = split
        self.lang = lang
        self.policy = JudgementPolicy(no_relevant, missing, exclude_identical_ids)

    def load(self, data: Path | None, languages: Sequence[str] | None = None) -> Task:
        """Return the task; look for a relative folder in the working directory, then in ``data``."""
        root = self._root(data)
        passages, queries = self._read(root / "corpus.jsonl", "passage"), self._read(root / "queries.jsonl", "query")
        corpus = Corpus(tuple(passages.ids), tuple(passages.texts), tuple(passages.langs))
        asked = QuerySet(
            tuple(queries.ids),
            tuple(queries.texts),
            tuple(queries.langs),
            tuple(queries.sources),
            tuple(queries.groups),
        )
        path, note = find_qrels(root / "qrels", self.split)
        judged = judge(
            read_qrels(path),
            asked,
            corpus,
            self.policy,
            languages=chosen_for_both(languages, asked.langs, corpus.langs, str(root)),
            where=lambda line: f"{path}:{line}",
            name=str(path),
        )
        chosen = judged.queries
        return Task(
            name=root.name or root.resolve().name,
            queries=chosen,
            corpus=judged.corpus,
            qrels=judged.qrels,
            settings=possible_settings(chosen, judged.corpus),
            group_kind=_group_kind(queries.grouped, chosen),
            licence=self.licence,
            source=str(root),
            exclude_identical_ids=judged.exclude_identical_ids,
            counts=judged.counts,
            notes=(*([note] if note else []), *judged.notes, *_ungrouped(queries.grouped, chosen)),
        )

    def _root(self, data: Path | None) -> Path:
        root = self.path
        if not root.is_dir() and data is not None and (data / self.path).is_dir():
            root = data / self.path
        if not root.is_dir():
            raise DataError(
                f"the folder {self.path} does not exist; a BEIR folder holds corpus.jsonl, queries.jsonl and "
                f"qrels/{self.split or 'test'}.tsv"
            )
        return root

    def _read(self, plain: Path, what: str) -> _Rows:
        path = find_packed(plain) or plain
        rows = _Rows()
        seen: dict[str, int] = {}
        for number, line in read_lines(path):
            where = f"{path}:{number}"
            row = parse_file_json(line, path, number, "each line must be one JSON object")
            if not isinstance(row, dict):
                raise DataError(f"{where}: expected a JSON object, not a {type(row).__name__}")
            name = _text(row, "_id", where)
            if not name:
                raise DataError(f"{where}: the id is empty; give every line one")
            if name in seen:
                raise DataError(f"{where}: the id {name!r} is already in line {seen[name]}; ids must be unique")
            seen[name] = number
            title, text = _text(row, "title", where, ""), _text(row, "text", where)
            rows.ids.append(name)
            rows.texts.append(f"{title} {text}".strip() if title else text)
            rows.langs.append(_text(row, "lang", where, "") or self.lang)
            rows.sources.append(_text(row, "source_id", where, "") or name)
            # Translations of one question are not independent, whether or not it has a group.
            rows.groups.append(_text(row, "group", where, "") or rows.sources[-1])
            rows.grouped |= bool(row.get("group"))
        if not rows.ids:
            raise DataError(f"{path} holds no {what}; a retrieval task needs at least one")
        return rows


def _ungrouped(grouped: bool, queries: QuerySet) -> Iterator[str]:
    """Say of queries in several languages what counts as independent if nothing names their groups."""
    if grouped or len(set(queries.langs)) < 2:
        return
    if queries.source_ids == queries.ids:
        yield "queries.jsonl has neither source_id nor group, so translations of one question count as independent queries"
    else:
        yield "queries.jsonl has no group (a query's document), so questions count as independent of one another, each in all its languages"


def _group_kind(grouped: bool, queries: QuerySet) -> str:
    if grouped:
        return "group"
    return "question across languages" if queries.source_ids != queries.ids else "query"


def _text(row: Mapping[str, Any], key: str, where: str, default: str | None = None) -> str:
    """Return a string field; whole numbers are read as written, and null as missing."""
    value = row.get(key)
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and key != "text":
        return str(value)
    if value is None:
        if default is None:
            raise DataError(f"{where}: the string {key!r} is missing")
        return default
    raise DataError(f"{where}: {key!r} holds a JSON {type(value).__name__}; it must be a string")
