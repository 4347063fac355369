"""``mteb``: any text retrieval task of the package mteb by its name (Muennighoff et al. 2023)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from robustir.benchmarks.files import chosen_for_both
from robustir.benchmarks.judgements import Judgement, JudgementPolicy, judge
from robustir.errors import DataError, MissingExtraError, NotApplicableError, SpecError
from robustir.languages import normalise_all
from robustir.types import Corpus, QuerySet, Task, possible_settings

__all__ = ["Mteb"]


class Mteb:
    """A retrieval task such as ``mteb('NFCorpus')``: its passages, queries and judgements, with mteb 1 or 2.

    The package mteb finds, downloads and caches the files by its own rules.

    Args:
        task: its name in mteb, or from Python a task object.
        subset, split: the part to use, if a task has several.
        lang, passage_lang: the languages of queries and passages; by default the task's, if it declares one.
        no_relevant: for a query without relevant passages: 'zero' scores it 0, 'skip' leaves it out.
        missing: for judgements with unknown ids: 'never-found' counts the passage as never found, 'strict' refuses.
        exclude_identical_ids: True: a passage with the query's own id is not a candidate; by default as the task says.
    """

    name = "mteb"
    languages: tuple[str, ...] = ()  # whatever the task holds
    folder: str | None = None
    licence = "see the task"
    source = "https://github.com/embeddings-benchmark/mteb"

    def __init__(
        self,
        task: str | Any,
        subset: str | None = None,
        split: str | None = None,
        lang: str | None = None,
        passage_lang: str | None = None,
        no_relevant: str = "zero",
        missing: str = "never-found",
        exclude_identical_ids: bool | None = None,
    ) -> None:
        self.task = task
        self.subset = subset
        self.split = split
        self.lang = lang
        self.passage_lang = passage_lang
        self.policy = JudgementPolicy(no_relevant, missing, exclude_identical_ids)

    def load(self, data: Path | None, languages: Sequence[str] | None = None) -> Task:
        """Return the task; ``data`` is ignored."""
        found = self._find()
        name = str(found.metadata.name)
        if found.metadata.type != "Retrieval" or set(getattr(found.metadata, "modalities", ["text"])) != {"text"}:
            raise NotApplicableError(f"mteb's {name} is not a text retrieval task; name one whose type is Retrieval")
        subsets, splits = self._subsets(found), list(found.metadata.eval_splits)
        subset = _one_of(f"mteb's {name}", "subset", self.subset, subsets, usual="default")
        split = _one_of(f"mteb's {name}", "split", self.split, splits, usual="test")
        lang, passage_lang = self._languages(found, name, subset)
        chosen = chosen_for_both(languages, (lang,), (passage_lang,), f"mteb's {name}")
        parts = _load(found, name, subset, split)
        passages, queries = dict(_texts(parts["corpus"], name)), dict(_texts(parts["queries"], name))
        judged = judge(
            _judgements(parts["relevant_docs"]),
            QuerySet(*_columns(queries, lang), tuple(queries), tuple(queries)),
            Corpus(*_columns(passages, passage_lang)),
            self._policy(found),
            languages=chosen,
            where=f"mteb's {name}, judgement {{}}".format,
        )
        where = [part for part, several in ((subset, len(subsets) > 1), (split, len(splits) > 1)) if several]
        return Task(
            name=re.sub(r"[^a-z0-9]+", "-", "-".join([name, *where]).lower()).strip("-"),
            queries=judged.queries,
            corpus=judged.corpus,
            qrels=judged.qrels,
            settings=possible_settings(judged.queries, judged.corpus),
            group_kind="query",
            licence=str(found.metadata.license or self.licence),
            source=f"mteb {name}, revision {found.metadata.dataset.get('revision', 'unknown')}",
            exclude_identical_ids=judged.exclude_identical_ids,
            counts=judged.counts,
            notes=judged.notes,
        )

    def _find(self) -> Any:
        if not isinstance(self.task, str):
            return self.task
        try:
            package: Any = import_module("mteb")
        except ImportError:
            raise MissingExtraError("mteb", "mteb") from None
        only = {} if self.subset is None else {"hf_subsets": [self.subset]}
        try:
            return package.get_task(self.task, **only)
        except (KeyError, ValueError) as error:
            part = f" with the subset {self.subset!r}" if self.subset is not None else ""
            raise DataError(f"{self.task!r}{part} is not a task of mteb: {_plain(error)}") from None

    def _subsets(self, found: Any) -> list[str]:
        declared = found.metadata.eval_langs
        return list(declared) if isinstance(declared, Mapping) else ["default"]

    def _languages(self, found: Any, name: str, subset: str) -> tuple[str, str]:
        """Return the languages of queries and passages; raise SpecError if the task declares several, in no known order."""
        declared = found.metadata.eval_langs
        codes = declared[subset] if isinstance(declared, Mapping) else declared
        spoken = normalise_all(code for code in codes if not code.endswith("-Code"))
        only = spoken[0] if len(spoken) == 1 else None
        lang, passage_lang = self.lang or only, self.passage_lang or only
        if lang and passage_lang:
            return lang, passage_lang
        which = f"'{name}', subset='{subset}'" if isinstance(declared, Mapping) else f"'{name}'"
        first, last = (spoken[0], spoken[-1]) if spoken else ("en", "en")
        raise SpecError(
            f"mteb's {name} declares the languages {', '.join(spoken) or 'of no text'} and does not say which are the "
            f"queries' and which the passages'; look at its texts and name them, for example  mteb({which}, "
            f"lang='{lang or first}', passage_lang='{passage_lang or last}')"
        )

    def _policy(self, found: Any) -> JudgementPolicy:
        known = self.policy
        if known.exclude_identical_ids is None and getattr(found, "ignore_identical_ids", False):
            return JudgementPolicy(known.no_relevant, known.missing, exclude_identical_ids=True)
        return known


def _one_of(task: str, what: str, given: str | None, known: Sequence[str], *, usual: str) -> str:
    """Return the given part, the only one, or the usual one; raise SpecError naming the known parts."""
    if given is None and (len(known) == 1 or usual in known):
        return known[0] if len(known) == 1 else usual
    if given is None or given not in known:
        shown = ", ".join(known[:20]) + (f" and {len(known) - 20} more" if len(known) > 20 else "")
        asked = f"it has no {what} {given!r}" if given is not None else f"name a {what}"
        raise SpecError(f"{task}: {asked}; known are: {shown}")
    return given


def _load(found: Any, name: str, subset: str, split: str) -> Mapping[str, Any]:
    """Return corpus, queries and relevant_docs of a part, as mteb 2 holds them (``dataset``) or mteb 1 (attributes)."""
    try:
        found.load_data()
    except Exception as error:
        raise DataError(f"mteb could not load {name}: {_plain(error)}; it needs the network once") from error
    nested = getattr(found, "dataset", None)
    if isinstance(nested, Mapping) and subset in nested and "corpus" in nested[subset].get(split, {}):
        parts: Mapping[str, Any] = nested[subset][split]
        return parts
    try:
        held = {part: getattr(found, part) for part in ("corpus", "queries", "relevant_docs")}
        return {part: value.get(subset, value)[split] for part, value in held.items()}
    except (AttributeError, KeyError, TypeError):
        raise DataError(f"mteb's {name} holds no corpus, queries and relevant_docs for {subset}, {split}") from None


def _texts(rows: Any, name: str) -> Iterator[tuple[str, str]]:
    """Yield id and text (title first) of a table with the columns id and text, or of a mapping from ids."""
    pairs: Iterable[tuple[Any, Any]] = rows.items() if isinstance(rows, Mapping) else ((row["id"], row) for row in rows)
    for key, row in pairs:
        title, text = (row.get("title"), row.get("text")) if isinstance(row, Mapping) else (None, row)
        if not isinstance(text, str):
            raise DataError(f"mteb's {name}: {key!r} holds {type(text).__name__} instead of a text")
        yield str(key), f"{title} {text}".strip() if title else text


def _columns(texts: Mapping[str, str], lang: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    return tuple(texts), tuple(texts.values()), (lang,) * len(texts)


def _judgements(relevant: Mapping[str, Mapping[str, Any]]) -> Iterator[Judgement]:
    pairs = ((query, passage, gain) for query, row in relevant.items() for passage, gain in row.items())
    for number, (query, passage, gain) in enumerate(pairs, start=1):
        yield Judgement(str(query), str(passage), int(gain), number)


def _plain(error: Exception) -> str:
    return " ".join(str(error.args[0] if error.args else error).split()) or type(error).__name__
