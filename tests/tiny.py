"""Tiny tasks, encoders and perturbations whose results can be worked out by hand; ``tests.tiny:Name`` names the plugins."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.contracts import AttackOutcome
from robustir.errors import SpecError
from robustir.planning.plan import Plan, make_plan
from robustir.planning.suite import Statistics, Suite
from robustir.rundir.directory import RunDirectory
from robustir.running.recording import finished, new_manifest
from robustir.running.runner import execute
from robustir.running.summary import RunOptions, RunSummary
from robustir.seeds import Stream
from robustir.types import Corpus, QuerySet, Task

Row = tuple[str, str, str]  # id, language, text

PASSAGES: tuple[Row, ...] = (
    ("d1", "en", "aab"),
    ("d2", "en", "abb"),
    ("d3", "en", "c"),
    ("f1", "de", "aaa"),
    ("f2", "de", "bc"),
)
QUERIES: tuple[Row, ...] = (("q1", "en", "a"), ("q2", "de", "b"))
JUDGEMENTS = (("q1", "d1", 2), ("q1", "d3", 1), ("q1", "f1", 1), ("q2", "d2", 1), ("q2", "f1", 3), ("q2", "f2", 1))


def write_beir(
    folder: Path,
    passages: Sequence[Row] = PASSAGES,
    queries: Sequence[Row] = QUERIES,
    judgements: Sequence[tuple[str, str, int]] = JUDGEMENTS,
) -> Path:
    """Write a folder in BEIR's layout."""
    (folder / "qrels").mkdir(parents=True)
    for name, rows in (("corpus", passages), ("queries", queries)):
        own = name == "queries"  # each query is a group of its own: there are no translations
        lines = [
            json.dumps({"_id": key, "lang": lang, "text": text} | ({"group": key} if own else {})) + "\n"
            for key, lang, text in rows
        ]
        (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
    table = "".join(f"{query}\t{passage}\t{gain}\n" for query, passage, gain in judgements)
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + table, encoding="utf-8")
    return folder


def suite_of(*folders: Path | str, **fields: Any) -> Suite:
    """Return a suite over BEIR folders with little statistics."""
    content: dict[str, Any] = {
        "name": "tiny",
        "draws": 1,
        "benchmarks": tuple(str(folder) for folder in folders),
        "encoders": ("tests.tiny:Letters",),
        "severities": (0.5, 1.0),
        "measures": ("AP", "nDCG@10"),
        "statistics": Statistics(flips=99, resamples=99),
    }
    return Suite.model_validate(content | fields)


def run_cells(
    suite: Suite, path: Path, *, encoders: Sequence[Any] = (), jobs: int | None = 1, keep_top: int | None = 0
) -> tuple[Plan, RunDirectory, RunSummary]:
    """Run the cells of a suite, without analysis and reports."""
    plan = make_plan(suite, encoders=encoders)
    run = RunDirectory(path)
    with run.locked():
        manifest = new_manifest(plan)
        run.write_manifest(manifest)
        summary = execute(plan, run, RunOptions(jobs=jobs, keep_top=keep_top))
        run.write_manifest(finished(manifest, summary))
    return plan, run, summary


def count_letters(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return how often each of a to z stands in each text: inner products are whole numbers."""
    return np.array([[text.count(chr(97 + letter)) for letter in range(26)] for text in texts], dtype=np.float32)


class UnpicklableError(Exception):
    """An exception that no other process can rebuild."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(first + second)


def break_here(texts: Sequence[str], vectors: NDArray[Any]) -> Any:
    """Do what $TINY_FAULT says where a text holds an exclamation mark."""
    fault = os.environ.get("TINY_FAULT", "")
    if not fault or not any("!" in text for text in texts):
        return vectors
    if fault == "raise":
        raise ValueError("cannot read this text")
    if fault == "unpicklable":
        raise UnpicklableError("cannot read ", "this text")
    if fault == "exit":
        os._exit(7)
    if fault == "nan":
        vectors[-1, 0] = np.nan
    broken: dict[str, Any] = {
        "float64": vectors.astype(np.float64),
        "rows": vectors[1:],
        "width": vectors[:, :1],
        "list": vectors.tolist(),
    }
    return broken.get(fault, vectors)


class Letters:
    """Encodes a text as its counts of letters, and remembers what it was asked."""

    name = "letters"
    revision = "1"
    uses_langs = False
    batch_invariant = True

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []

    def encode(self, texts: Sequence[str], *, role: str, langs: Sequence[str] | None = None) -> Any:
        """Return float32 [n, 26]."""
        self.calls += [(role, text) for text in texts]
        return break_here(texts, count_letters(texts))


class Overlap:
    """The same scores as a scorer without vectors."""

    name = "overlap"
    revision = "1"

    def __init__(self) -> None:
        self._passages: NDArray[np.float32] | None = None

    def index(self, corpus: Corpus) -> None:
        """Keep the corpus; one with the id "broken" fails half-way."""
        self._passages = count_letters(corpus.texts)
        if "broken" in corpus.ids:
            self._passages[:] = 0
            raise ValueError("cannot index this corpus")

    def blocks(self, queries: QuerySet) -> Iterator[Any]:
        """Yield one block of scores; refuses an empty query set, as scorers may."""
        if not len(queries):
            raise ValueError("no queries")
        assert self._passages is not None
        yield break_here(queries.texts, count_letters(queries.texts) @ self._passages.T)


class Noise:
    """Base of the perturbations below."""

    name = "noise"
    version = "1"
    languages: frozenset[str] | None = None
    nested = False
    nesting_note = "a test"

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> Any:
        """Return the text as it is."""
        return text


class Nothing(Noise):
    """Changes nothing."""

    name = "nothing"


class Shout(Noise):
    """Adds an exclamation mark at severity 1."""

    name = "shout"

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> Any:
        """Return the text, louder at severity 1."""
        return text + "!" if severity == 1.0 else text


class ToLetter(Noise):
    """An attack: every query becomes the letter that scores its relevant passages lowest, c before b before a."""

    name = "to-letter"

    def __init__(self, against: str = "", passages: str = "same") -> None:
        self.against, self.passages = against, passages

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> Any:
        """Refuse to work without a benchmark."""
        raise SpecError("to-letter is an attack; it runs in suites")

    def attack(
        self,
        queries: QuerySet,
        task: Task,
        victim: Any,
        *,
        severity: float,
        keys: Sequence[bytes],
        passage_vectors: Any,
    ) -> AttackOutcome:
        """Score the three letters with the victim and take the one with the lowest sum over the relevant passages."""
        letters = QuerySet.from_texts(["c", "b", "a"], lang="en")
        dense = passage_vectors is not None
        vectors = victim.encode(letters.texts, role="query") if dense else None
        scores = vectors @ passage_vectors.T if dense else np.concatenate(list(victim.blocks(letters)))
        texts, margins = [], []
        for name in queries.ids:
            row = task.queries.ids.index(name)
            sums = scores[:, task.qrels.passage[task.qrels.query == row]].sum(axis=1)
            texts.append(letters.texts[int(sums.argmin())])
            margins.append(float(sums.min()))
        count = np.full(len(queries), 3)
        return AttackOutcome(
            tuple(texts), np.ones(len(queries), dtype=int), count, np.zeros(len(queries)), np.array(margins)
        )

    def control(
        self, queries: QuerySet, task: Task, *, edits: Sequence[int], severity: float, keys: Sequence[bytes]
    ) -> list[str]:
        """Write b once per edit."""
        return ["b" * number for number in edits]


class OnlyA(Noise):
    """Changes texts that hold an a."""

    name = "only-a"

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> Any:
        """Return the text with c for a."""
        return text.replace("a", "c")


class English(Noise):
    """Works in English alone."""

    name = "english"
    languages = frozenset({"en"})

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> Any:
        """Return the text with c for every letter."""
        assert lang == "en"
        return "c" * len(text)


class Any3(Noise):
    """Replaces a text by three random letters."""

    name = "any3"

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> Any:
        """Return three of a, b, c."""
        return "".join(rng.choice("abc") for _ in range(3))


class Faulty(Noise):
    """Breaks the contract at severity 1 as $TINY_NOISE says."""

    name = "faulty"

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> Any:
        """Return something, or raise."""
        fault = os.environ.get("TINY_NOISE", "")
        if severity < 1.0 or not fault:
            return text + "c"
        if fault == "raise":
            raise KeyError(text)
        return None if fault == "none" else " "


class Swap(Noise):
    """Writes c for every a."""

    name = "swap"

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> Any:
        """Return the text with every a as c."""
        return text.replace("a", "c")
