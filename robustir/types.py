"""Columns of queries, passages and relevance judgements, and the retrieval task that holds them.

Everything is immutable. Rows keep the benchmark's order; ids are unique within a set.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from robustir.columns import Columnar, count, languages_in_short, string_list
from robustir.errors import DataError
from robustir.languages import normalise, written_codes

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "LARGEST_GAIN",
    "NOT_RETRIEVED",
    "SETTINGS",
    "Corpus",
    "Dose",
    "Pools",
    "Qrels",
    "QuerySet",
    "Ranks",
    "Setting",
    "Task",
    "Treatment",
    "digest_columns",
    "possible_settings",
]

Setting = Literal["mono", "cross", "multi"]
SETTINGS: tuple[Setting, ...] = ("mono", "cross", "multi")
# The rank of a relevant passage that a scorer did not retrieve: measures never find it, as in trec_eval.
NOT_RETRIEVED = 2**32 - 1
LARGEST_GAIN = 1e200  # sums of as many gains as there are passages stay finite


def digest_columns(*columns: Iterable[str]) -> str:
    """Return the SHA-256 (hex) of string columns; lengths are mixed in, so that no two tables collide by joining."""
    digest = hashlib.sha256()
    for column in columns:
        values = [value.encode("utf-8", "surrogatepass") for value in column]
        digest.update(len(values).to_bytes(8, "little"))
        digest.update(np.fromiter(map(len, values), dtype=np.int64, count=len(values)).tobytes())
        digest.update(b"".join(values))
    return digest.hexdigest()


def _check_ids(ids: Sequence[str], what: str) -> None:
    if len(set(ids)) == len(ids) and all(ids):
        return
    if not all(ids):
        raise DataError(
            f"{what} {next(i for i, value in enumerate(ids) if not value) + 1} has an empty id; give every {what} one"
        )
    seen: set[str] = set()
    for value in ids:
        if value in seen:
            raise DataError(f"the {what} id {value!r} occurs twice; ids must be unique")
        seen.add(value)


def _in_one_code(
    langs: tuple[str, ...], written: Mapping[str, tuple[str, ...]]
) -> tuple[tuple[str, ...], Mapping[str, tuple[str, ...]]]:
    """Return languages under one code each, and the spellings in the data that differ from their code."""
    names = set(langs)
    codes = {name: normalise(name) for name in names}
    if all(name == code for name, code in codes.items()):
        return langs, written
    return tuple(codes[name] for name in langs), {**written_codes(sorted(names)), **written}


def _check_lengths(what: str, size: int, **columns: Sequence[str]) -> None:
    for name, column in columns.items():
        if len(column) != size:
            raise DataError(f"{what}: {size} ids but {len(column)} {name}; every column needs one value per id")


@dataclass(frozen=True, slots=True, repr=False)
class Dose(Columnar):
    """The realised dose of a perturbation, per query (float64 arrays [n]).

    Args:
        word_edit_rate: edited share of the units (words; grapheme clusters in scripts without spaces), in [0, inf).
        char_error_rate: Levenshtein distance over code points divided by the clean length, in [0, inf).
        code_mixing_index: 0 (one language) to 50 (two in equal parts); None if nothing mixes languages.
    """

    frame_columns: ClassVar = {name: name for name in ("word_edit_rate", "char_error_rate", "code_mixing_index")}

    word_edit_rate: NDArray[np.float64]
    char_error_rate: NDArray[np.float64]
    code_mixing_index: NDArray[np.float64] | None = None

    def _summary(self) -> str:
        rows = count(len(self.word_edit_rate), "query", "queries")
        if not len(self.word_edit_rate):
            return rows
        return f"{rows}; mean word edit rate {self.word_edit_rate.mean():.3f}, character error rate {self.char_error_rate.mean():.3f}"


@dataclass(frozen=True, slots=True, repr=False)
class QuerySet(Columnar):
    """Queries in columns.

    Args:
        ids: unique.
        texts: of the queries.
        langs: language codes in any spelling; they become those of :mod:`robustir.languages` (zho, zh-CN and ZH: zh).
        source_ids: the question that translations share.
        groups: its article or document, the unit of resampling.
        dose: the realised dose of noisy queries.
        written: the spellings of languages that differed from their code.

    Raises:
        DataError: for columns of different lengths, and for empty or repeated ids.
    """

    frame_columns: ClassVar = {
        "ids": "_id", "texts": "text", "langs": "lang", "source_ids": "source_id", "groups": "group"
    }  # fmt: skip

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    langs: tuple[str, ...]
    source_ids: tuple[str, ...]
    groups: tuple[str, ...]
    dose: Dose | None = field(default=None, compare=False)
    written: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False, repr=False, kw_only=True)

    def __post_init__(self) -> None:
        langs, written = _in_one_code(self.langs, self.written)
        object.__setattr__(self, "langs", langs)
        object.__setattr__(self, "written", written)
        _check_lengths(
            "queries", len(self.ids), texts=self.texts, langs=self.langs, source_ids=self.source_ids, groups=self.groups
        )
        _check_ids(self.ids, "query")

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def from_texts(cls, texts: Iterable[str], *, lang: str | Sequence[str], ids: Sequence[str] | None = None) -> Self:
        """Make a query set from texts.

        Args:
            texts: a list of strings.
            lang: one code, or one per text.
            ids: by default the positions 0, 1, ...; they are source ids and groups too.

        Raises:
            DataError: for a single string instead of a list, and for items that are not strings.
        """
        known = string_list(texts, "texts", "['where is the nile']")
        langs = (lang,) * len(known) if isinstance(lang, str) else string_list(lang, "lang", "'en' or ['en', 'de']")
        names = tuple(map(str, range(len(known)))) if ids is None else string_list(ids, "ids", "['q1', 'q2']")
        return cls(names, known, langs, names, names)

    def _summary(self) -> str:
        dose = ", with noise" if self.dose is not None else ""
        return f"{count(len(self), 'query', 'queries')}: {languages_in_short(self.langs)}{dose}"

    def to_pandas(self) -> pd.DataFrame:
        """Return a pandas table with _id, text, lang, source_id, group and, for noisy queries, the realised dose."""
        import pandas as pd

        frame = pd.DataFrame({name: getattr(self, attribute) for attribute, name in self.frame_columns.items()})
        return frame if self.dose is None else pd.concat([frame, self.dose.to_pandas()], axis=1)

    def with_texts(self, texts: Sequence[str], dose: Dose | None = None) -> Self:
        """Return the same queries with other texts (same ids, same order)."""
        return replace(self, texts=tuple(texts), dose=dose)

    def select(self, rows: Sequence[int] | NDArray[np.intp]) -> Self:
        """Return the queries at ``rows``, in that order; doses are dropped."""

        def take(column: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(column[row] for row in rows)

        return type(self)(take(self.ids), take(self.texts), take(self.langs), take(self.source_ids), take(self.groups))

    def digest(self) -> str:
        """SHA-256 of everything but the dose."""
        return digest_columns(self.ids, self.texts, self.langs, self.source_ids, self.groups)


@dataclass(frozen=True, slots=True, repr=False)
class Corpus(Columnar):
    """Candidate passages in columns; ``langs`` and ``written`` as in :class:`QuerySet`."""

    frame_columns: ClassVar = {"ids": "_id", "texts": "text", "langs": "lang"}

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    langs: tuple[str, ...]
    written: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False, repr=False, kw_only=True)

    def __post_init__(self) -> None:
        langs, written = _in_one_code(self.langs, self.written)
        object.__setattr__(self, "langs", langs)
        object.__setattr__(self, "written", written)
        if not self.ids:
            raise DataError("the corpus is empty; a retrieval task needs at least one passage")
        _check_lengths("passages", len(self.ids), texts=self.texts, langs=self.langs)
        _check_ids(self.ids, "passage")

    def __len__(self) -> int:
        return len(self.ids)

    def _summary(self) -> str:
        return f"{count(len(self), 'passage')}: {languages_in_short(self.langs)}"

    def digest(self) -> str:
        """SHA-256 of all columns."""
        return digest_columns(self.ids, self.texts, self.langs)


def _no_rows() -> NDArray[np.int32]:
    return np.zeros(0, dtype=np.int32)


def _no_gains() -> NDArray[np.float64]:
    return np.zeros(0)


@dataclass(frozen=True, slots=True, repr=False)
class Qrels(Columnar):
    """Relevance judgements as aligned arrays [m], sorted by (query, passage).

    Rows with a gain of 0 are ranked too: those of queries without relevant passages, which score 0, and passages with a
    query's own id.

    Args:
        query, passage: int32, row numbers in the task's queries and corpus.
        gain: float64, relevance grade, a whole number.
        lost_query, lost_gain: [u], sorted: relevant passages outside the corpus, which count as never found.
    """

    frame_columns: ClassVar = {name: name for name in ("query", "passage", "gain")}

    query: NDArray[np.int32]
    passage: NDArray[np.int32]
    gain: NDArray[np.float64]
    lost_query: NDArray[np.int32] = field(default_factory=_no_rows)
    lost_gain: NDArray[np.float64] = field(default_factory=_no_gains)

    def __len__(self) -> int:
        return len(self.query)

    def _summary(self) -> str:
        return f"{count(len(self), 'judgement')} of {count(len(np.unique(self.query)), 'query', 'queries')}"

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[int, int, int]], *, lost: Iterable[tuple[int, int]] = ()) -> Self:
        """Make qrels from (query row, passage row, gain).

        Rows with gain 0 or less are not relevant and left out, unless their query has no relevant passage: it stays, and
        scores 0 as in trec_eval. lost: (query row, gain) of relevant passages outside the corpus. Raises DataError for a
        repeated pair.
        """
        given = sorted(rows)
        for row, following in pairwise(given):
            if row[:2] == following[:2]:
                raise DataError(
                    "a (query, passage) pair occurs twice in the relevance judgements; keep one line per pair"
                )
        answered = {query for query, _, gain in given if gain > 0}
        kept = [(query, passage, max(gain, 0)) for query, passage, gain in given if gain > 0 or query not in answered]
        queries, passages, gains = zip(*kept, strict=True) if kept else ((), (), ())
        lost_queries, lost_gains = zip(*lost_rows, strict=True) if (lost_rows := sorted(lost)) else ((), ())
        return cls(
            np.array(queries, dtype=np.int32),
            np.array(passages, dtype=np.int32),
            _gains(gains),
            np.array(lost_queries, dtype=np.int32),
            _gains(lost_gains),
        )

    def ranking(self, pairs: Iterable[tuple[int, int]]) -> Self:
        """Return the judgements with (query row, passage row) ``pairs`` added; new pairs get a gain of 0."""
        extra = sorted(set(pairs) - set(zip(self.query.tolist(), self.passage.tolist(), strict=True)))
        if not extra:
            return self
        added = np.array(extra, dtype=np.int32)
        query, passage = np.append(self.query, added[:, 0]), np.append(self.passage, added[:, 1])
        order = np.lexsort((passage, query))
        gain = np.append(self.gain, np.zeros(len(extra)))
        return replace(self, query=query[order], passage=passage[order], gain=gain[order])

    def of_queries(self, rows: NDArray[np.integer[Any]]) -> Self:
        """Return the judgements of the queries at ascending ``rows``, renumbered by their places in ``rows``."""
        place = np.full(
            1 + max(int(part.max(initial=-1)) for part in (self.query, self.lost_query, rows)), -1, np.int32
        )
        place[rows] = np.arange(len(rows), dtype=np.int32)
        query, lost = place[self.query], place[self.lost_query]
        kept, kept_lost = query >= 0, lost >= 0
        return type(self)(query[kept], self.passage[kept], self.gain[kept], lost[kept_lost], self.lost_gain[kept_lost])

    def digest(self) -> str:
        """SHA-256 of the arrays."""
        parts = [self.query.tobytes(), self.passage.tobytes(), _gain_bytes(self.gain)]
        if len(self.lost_query):
            parts += [b"/", self.lost_query.tobytes(), _gain_bytes(self.lost_gain)]
        return hashlib.sha256(b"".join(parts)).hexdigest()


def _gains(values: Sequence[int]) -> NDArray[np.float64]:
    if any(value > LARGEST_GAIN for value in values):
        raise DataError(f"a relevance judgement has a score above {LARGEST_GAIN:g}; use smaller grades")
    return np.array(values, dtype=np.float64)


def _gain_bytes(gains: NDArray[np.float64]) -> bytes:
    """Return small gains as two bytes each, to keep the digests of versions without large gains."""
    return (gains.astype(np.int16) if gains.max(initial=0) <= np.iinfo(np.int16).max else gains).tobytes()


def possible_settings(queries: QuerySet, corpus: Corpus) -> tuple[Setting, ...]:
    """Return the settings that the languages allow.

    mono needs a language with queries and passages; cross a passage in another language than some query; multi passages
    in several languages, as otherwise the whole pool is that of mono or cross.
    """
    query_langs, passage_langs = set(queries.langs), set(corpus.langs)
    possible: dict[Setting, bool] = {
        "mono": bool(query_langs & passage_langs),
        "cross": len(query_langs | passage_langs) > 1,
        "multi": len(passage_langs) > 1,
    }
    return tuple(setting for setting in SETTINGS if possible[setting])


@dataclass(frozen=True, slots=True, repr=False)
class Pools:
    """The pool of every query and passage, in a task whose queries have different candidates.

    So bitext of many language pairs is one task, and yet every sentence competes only with those of its own pair.

    Args:
        query: int32 [queries], pool numbers from 0.
        passage: int32 [passages], likewise.
    """

    query: NDArray[np.int32]
    passage: NDArray[np.int32]

    def __repr__(self) -> str:
        return f"Pools({count(len(self), 'pool')})"

    def __len__(self) -> int:
        return int(max(self.query.max(initial=-1), self.passage.max(initial=-1))) + 1

    def digest(self) -> str:
        """SHA-256 of both arrays."""
        return hashlib.sha256(self.query.tobytes() + b"/" + self.passage.tobytes()).hexdigest()


@dataclass(frozen=True, slots=True, repr=False)
class Task(Columnar):
    """One retrieval problem: every query against every passage of its pool; the settings are views of the same scores.

    mono: candidates in the query's language; cross: candidates in one other language, per ordered pair of languages;
    multi: the whole pool.

    Args:
        name: of the benchmark.
        queries, corpus, qrels: its data.
        settings: those to report.
        group_kind: what a group (the unit of resampling) is, for example "article".
        licence, source: of the data.
        pools: None: all passages are one pool.
        settings_note: why a setting is missing.
        exclude_identical_ids: a passage with a query's own id is not a candidate of that query.
        counts: the loader's counts of judgements.
        notes: sentences about the data that a reader of the scores must know.

    Raises:
        DataError: without queries or relevant passages, or if the parts do not fit each other.
    """

    name: str
    queries: QuerySet
    corpus: Corpus
    qrels: Qrels
    settings: tuple[Setting, ...] = SETTINGS
    group_kind: str = "group"
    licence: str = ""
    source: str = ""
    pools: Pools | None = None
    settings_note: str = ""
    exclude_identical_ids: bool = False
    counts: Mapping[str, int] = field(default_factory=dict, compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if len(self.queries) == 0:
            raise DataError(f"{self.name}: the task has no query; it needs at least one")
        if not (self.qrels.gain > 0).any():
            raise DataError(f"{self.name}: no query has a relevant passage in the corpus")
        if int(self.qrels.query.max()) >= len(self.queries) or int(self.qrels.passage.max()) >= len(self.corpus):
            raise DataError(f"{self.name}: the relevance judgements name rows that do not exist")
        if self.exclude_identical_ids:  # their ranks are needed to correct the others' ranks
            place = {name: row for row, name in enumerate(self.corpus.ids)}
            pairs = [(query, place[name]) for query, name in enumerate(self.queries.ids) if name in place]
            if self.pools is not None:
                pairs = [(query, row) for query, row in pairs if self.pools.query[query] == self.pools.passage[row]]
            object.__setattr__(self, "qrels", self.qrels.ranking(pairs))
        if self.pools is not None:
            if (len(self.pools.query), len(self.pools.passage)) != (len(self.queries), len(self.corpus)):
                raise DataError(f"{self.name}: every query and every passage needs a pool")
            if (self.pools.query[self.qrels.query] != self.pools.passage[self.qrels.passage]).any():
                raise DataError(f"{self.name}: a relevant passage is in another pool than its query")

    def _summary(self) -> str:
        sizes = (
            count(len(self.queries), "query", "queries"),
            count(len(self.corpus), "passage"),
            count(len(self.qrels), "judgement"),
        )
        return (
            f"{self.name!r}: {', '.join(sizes)}; {languages_in_short(self.queries.langs)}; {', '.join(self.settings)}"
        )

    def to_pandas(self) -> pd.DataFrame:
        """Return the judgements as a pandas table: query_id, query_lang, passage_id, passage_lang, gain."""
        import pandas as pd

        queries, passages = self.queries.to_pandas(), self.corpus.to_pandas()
        asked, judged = (
            frame.iloc[rows].reset_index()
            for frame, rows in ((queries, self.qrels.query), (passages, self.qrels.passage))
        )
        columns = {
            "query_id": asked["_id"],
            "query_lang": asked["lang"],
            "passage_id": judged["_id"],
            "passage_lang": judged["lang"],
        }
        return pd.DataFrame({**columns, "gain": self.qrels.gain})

    @property
    def languages(self) -> tuple[str, ...]:
        """Query languages in order of first appearance."""
        return tuple(dict.fromkeys(self.queries.langs))

    def identical_judgements(self) -> NDArray[np.intp] | None:
        """Return, per query, the qrels row of the passage with the query's own id, which is not a candidate.

        -1 for a query without such a passage; None if identical ids are not excluded.
        """
        if not self.exclude_identical_ids:
            return None
        identical = np.full(len(self.queries), -1, dtype=np.intp)
        for row, (query, passage) in enumerate(
            zip(self.qrels.query.tolist(), self.qrels.passage.tolist(), strict=True)
        ):
            if self.queries.ids[query] == self.corpus.ids[passage]:
                identical[query] = row
        return identical

    def digest(self) -> str:
        """SHA-256 of queries, corpus, judgements and settings; the name is left out."""
        parts = [self.queries.digest(), self.corpus.digest(), self.qrels.digest()]
        parts += [self.pools.digest()] if self.pools is not None else []
        parts += ["exclude identical ids"] if self.exclude_identical_ids else []
        return digest_columns(parts, self.settings)


@dataclass(frozen=True, slots=True)
class Treatment:
    """The kind of a perturbation, so that attacks and mixed text are never averaged with ordinary noise.

    Args:
        attacked: spec of the encoder that an attack is made against; "" for noise that knows no encoder.
        control: whether it is the random control of that attack.
        passages: the passages that the attack aims at: "same" for those in the query's language, or a language.
        embedded_lang: the language mixed into the queries.
        dose: the requested dose at severity 1, such as ``cer:0.05``; "" for nominal severities.
        natural: whether people, or systems at work, made the noise, recorded or during the run.
        imitates: names of the natural noises that synthetic noise is held against.
    """

    attacked: str = ""
    control: bool = False
    passages: str = ""
    embedded_lang: str = ""
    dose: str = ""
    natural: bool = False
    imitates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Ranks(Columnar):
    """Exact ranks of every relevant passage, aligned row by row with a task's qrels (uint32 [m] each).

    ``lang_*`` counts among the passages in the relevant passage's own language (this answers mono and cross), ``pool_*``
    among all passages (multi). ``rank`` is 1-based, with equal scores ordered as trec_eval does (the id greater in byte
    order first); ``above`` counts strictly higher scores, ``tied`` the other candidates with an equal one, so the
    tie-averaged rank is ``above + tied / 2 + 1``. ``NOT_RETRIEVED`` stands for the rank of a passage that was not
    retrieved; its ``above`` and ``tied`` count the retrieved passages and the others, as if the others followed in random
    order.
    """

    frame_columns: ClassVar = {
        f"{among}_{what}": f"{among}_{what}" for among in ("lang", "pool") for what in ("rank", "above", "tied")
    }

    lang_rank: NDArray[np.uint32]
    lang_above: NDArray[np.uint32]
    lang_tied: NDArray[np.uint32]
    pool_rank: NDArray[np.uint32]
    pool_above: NDArray[np.uint32]
    pool_tied: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.lang_rank)

    def _summary(self) -> str:
        return count(len(self), "rank")
