"""``miracl``: monolingual retrieval from Wikipedia in 18 languages, judged by native speakers (Zhang et al. 2023)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from robustir.benchmarks.files import chosen_languages, find_folder
from robustir.benchmarks.judgements import Judgement, JudgementPolicy, judge
from robustir.benchmarks.qrels_files import read_qrels
from robustir.disk.reading import parse_file_json, read_lines
from robustir.errors import DataError, SpecError
from robustir.types import Corpus, QuerySet, Task

__all__ = ["Miracl"]

_SPLITS = ("dev", "train")
_POOLS = ("full", "judged")


@dataclass(frozen=True, slots=True)
class _Rows:
    """What is read, all languages in one. places: file and line of each judgement."""

    queries: list[tuple[str, str, str, str]] = field(default_factory=list)  # id, text, language, group
    passages: list[tuple[str, str, str]] = field(default_factory=list)  # id, text, language
    judgements: list[Judgement] = field(default_factory=list)
    places: list[str] = field(default_factory=list)


class Miracl:
    """Questions against the passages of their own language's Wikipedia, in the layout that MIRACL publishes.

    The data folder holds ``miracl/miracl-v1.0-XX/topics/topics.miracl-v1.0-XX-SPLIT.tsv``, ``.../qrels/qrels.*.tsv`` and
    ``miracl/miracl-corpus-v1.0-XX/docs-*.jsonl.gz``. Corpora are separate, so the setting is mono. Groups
    are the articles of the first relevant passage.

    Args:
        split: the topics to use, "dev" or "train".
        pool: "full", or "judged": only the passages with a judgement, relevant or not, which fits a small machine;
            its scores are higher than published ones, so its task is called miracl-judged.
        no_relevant: for a query without relevant passages: 'zero' scores it 0, 'skip' leaves it out.
        missing: for judgements with unknown ids: 'strict' refuses, as the corpus is known to hold them all;
            'never-found' counts the passage as never found.
    """

    name = "miracl"
    languages: tuple[str, ...] = tuple("ar bn de en es fa fi fr hi id ja ko ru sw te th yo zh".split())  # noqa: SIM905
    folder = "miracl"
    licence = "Apache-2.0 (texts CC-BY-SA)"
    source = "https://huggingface.co/datasets/miracl/miracl and miracl/miracl-corpus"

    def __init__(
        self, split: str = "dev", pool: str = "full", no_relevant: str = "zero", missing: str = "strict"
    ) -> None:
        if split not in _SPLITS:
            raise SpecError(
                f"miracl: split must be one of {', '.join(_SPLITS)}, not {split!r} (test judgements are not public)"
            )
        if pool not in _POOLS:
            raise SpecError(f"miracl: pool must be one of {', '.join(_POOLS)}, not {pool!r}")
        self.split = split
        self.pool = pool
        self.policy = JudgementPolicy(no_relevant, missing)

    def load(self, data: Path | None, languages: Sequence[str] | None = None) -> Task:
        """Return the task in the chosen languages, or in those whose folder exists."""
        root = find_folder(data, self.folder, self)
        available = tuple(lang for lang in self.languages if (root / f"miracl-v1.0-{lang}").is_dir())
        if not available:
            raise DataError(
                f"{root} holds no miracl-v1.0-XX/; put topics and qrels there, as published at {self.source}"
            )
        rows = _Rows()
        for lang in chosen_languages(languages, available, self.name):
            self._read(root, lang, rows)
        ids, texts, langs, groups = zip(*rows.queries, strict=True) if rows.queries else ((), (), (), ())
        try:
            queries = QuerySet(ids, texts, langs, ids, groups)
            corpus = Corpus(*zip(*rows.passages, strict=True)) if rows.passages else Corpus((), (), ())
        except DataError as error:  # an id twice, or none
            raise DataError(f"{root}: {error}") from None
        judged = judge(
            rows.judgements,
            queries,
            corpus,
            self.policy,
            where=rows.places.__getitem__,
            advice="a docs-*.jsonl.gz may be missing",
            name=str(root),
        )
        return Task(
            name=self.name if self.pool == "full" else "miracl-judged",
            queries=judged.queries,
            corpus=judged.corpus,
            qrels=judged.qrels,
            settings=("mono",),
            group_kind="article of the first relevant passage",
            licence=self.licence,
            source=self.source,
            settings_note="each language has a corpus and judgements of its own, so cross and multi are undefined",
            counts=judged.counts,
            notes=judged.notes,
        )

    def _read(self, root: Path, lang: str, rows: _Rows) -> None:
        """Add the queries, passages and judgements of one language."""
        folder = root / f"miracl-v1.0-{lang}"
        topics, path = self._topics(folder, lang), folder / "qrels" / f"qrels.{self._file(lang)}"
        articles: dict[str, str] = {}  # of the first relevant passage of a topic
        wanted = set()
        for query, passage, gain, line in read_qrels(path):
            wanted.add(passage)
            if gain > 0:
                articles.setdefault(query, f"{lang}-{passage.partition('#')[0]}")
            rows.judgements.append(Judgement(f"{lang}-{query}", f"{lang}-{passage}", gain, len(rows.places)))
            rows.places.append(f"{path}:{line}")
        for docid, text in _documents(root / f"miracl-corpus-v1.0-{lang}"):
            if self.pool == "full" or docid in wanted:
                rows.passages.append((f"{lang}-{docid}", text, lang))
        rows.queries.extend((f"{lang}-{qid}", text, lang, articles.get(qid, f"{lang}-{qid}")) for qid, text in topics)

    def _file(self, lang: str) -> str:
        return f"miracl-v1.0-{lang}-{self.split}.tsv"

    def _topics(self, folder: Path, lang: str) -> list[tuple[str, str]]:
        path = folder / "topics" / f"topics.{self._file(lang)}"
        topics = []
        for number, line in read_lines(path):
            qid, tab, text = line.partition("\t")
            if not tab or not qid or not text.strip():
                raise DataError(f"{path}:{number}: the form is  id <tab> question")
            topics.append((qid, text))
        return topics


def _documents(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield (docid, title and text) of every passage, file by file in numerical order."""
    paths = sorted(folder.glob("docs-*.jsonl*"), key=lambda path: (len(path.name), path.name))
    if not paths:
        raise DataError(
            f"{folder} holds no docs-*.jsonl.gz; get them from https://huggingface.co/datasets/miracl/miracl-corpus"
        )
    for path in paths:
        for number, line in read_lines(path):
            row = parse_file_json(line, path, number, "the download may be incomplete")
            try:
                yield row["docid"], f"{row.get('title') or ''} {row['text']}".strip()
            except (KeyError, TypeError, AttributeError) as error:
                raise DataError(
                    f"{path}:{number}: not a passage of MIRACL ({error}); the download may be incomplete"
                ) from None
