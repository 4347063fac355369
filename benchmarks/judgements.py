"""How a collection's relevance judgements are read: one policy for every loader.

It is trec_eval's reading: judgements of unknown queries are left out, and so are queries without a judgement; a query
without a relevant passage scores 0; a relevant passage outside the corpus counts as never found. Notes say how many were
left out or counted in this way. Two contradicting judgements of one pair are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from robustir.disk.shapes import shortened
from robustir.errors import DataError, SpecError
from robustir.types import LARGEST_GAIN, Corpus, Qrels, QuerySet

__all__ = ["MISSING", "NO_RELEVANT", "Judged", "Judgement", "JudgementPolicy", "judge"]

NO_RELEVANT = ("zero", "skip")
MISSING = ("never-found", "strict")


class Judgement(NamedTuple):
    """One line of relevance judgements; ``number`` is its line or place, for messages."""

    query: str
    passage: str
    gain: int
    number: int


@dataclass(frozen=True, slots=True)
class JudgementPolicy:
    """How judgements are read.

    Args:
        no_relevant: a query without a relevant passage scores 0 ("zero") or is left out ("skip").
        missing: relevant passages outside the corpus count as never found ("never-found"), or all ids must be known
            ("strict").
        exclude_identical_ids: a passage with the query's own id is not a candidate; None: it is one, and a note says so.

    Raises:
        SpecError: for other values.
    """

    no_relevant: str = "zero"
    missing: str = "never-found"
    exclude_identical_ids: bool | None = None

    def __post_init__(self) -> None:
        for name, value, known in (
            ("no_relevant", self.no_relevant, NO_RELEVANT),
            ("missing", self.missing, MISSING),
            ("exclude_identical_ids", self.exclude_identical_ids, (True, False, None)),
        ):
            if value not in known:
                raise SpecError(f"{name} must be one of {', '.join(map(repr, known))}, not {value!r}")


_COUNTS: tuple[str, ...] = (
    "judgements", "repeated", "unknown_queries", "missing_passages", "queries_missing_passages", "missing_not_relevant",
    "queries_unjudged", "queries_without_relevant", "queries_skipped", "queries_of_other_languages", "identical_ids",
    "identical_relevant",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Judged:
    """Queries, corpus and judgements that fit together, with counts, and notes for the reader."""

    queries: QuerySet
    corpus: Corpus
    qrels: Qrels
    exclude_identical_ids: bool
    counts: dict[str, int]
    notes: tuple[str, ...]


@dataclass
class _Query:
    """What was judged for one query: (row in the whole corpus, gain), and the gains of passages outside it."""

    rows: list[tuple[int, int]] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    lost_others: int = 0  # not relevant and outside the corpus


def judge(
    judgements: Iterable[Judgement],
    queries: QuerySet,
    corpus: Corpus,
    policy: JudgementPolicy,
    *,
    languages: Collection[str] | None = None,
    where: Callable[[int], str] = "judgement {}".format,
    advice: str = "",
    name: str = "",
) -> Judged:
    """Return the judged queries of some languages, their corpus and qrels.

    Args:
        judgements: in any order.
        queries, corpus: all that the collection holds.
        policy: how to read the judgements.
        languages: keep queries and passages in these; None: all.
        where: names a judgement by its number, for messages.
        advice: what to do about an unknown id under "strict", for messages.
        name: what the judgements are, for messages.

    Raises:
        DataError: for contradicting judgements, for unknown ids under "strict", and if nothing remains.
    """
    counts: dict[str, int] = dict.fromkeys(_COUNTS, 0)
    before = f"{name}: " if name else ""
    judged = _collect(judgements, queries, corpus, policy, counts, where, advice)
    wanted = set(queries.langs) | set(corpus.langs) if languages is None else set(languages)
    kept_passages = [row for row, lang in enumerate(corpus.langs) if lang in wanted]
    if not kept_passages:
        raise DataError(
            f"{before}no passage is in {', '.join(sorted(wanted))}; the passages are in {', '.join(sorted(set(corpus.langs)))}"
        )
    if len(kept_passages) < len(corpus):
        columns = ((column[row] for row in kept_passages) for column in (corpus.ids, corpus.texts, corpus.langs))
        corpus = Corpus(*map(tuple, columns), written=corpus.written)
    position = {row: new for new, row in enumerate(kept_passages)}
    counts["queries_unjudged"] = sum(lang in wanted and row not in judged for row, lang in enumerate(queries.langs))
    answers = {
        row: answer
        for row, lang in enumerate(queries.langs)
        if lang in wanted
        and row in judged
        and (answer := _answers(judged[row], position, skip=policy.no_relevant == "skip", counts=counts)) is not None
    }
    if not answers:
        raise DataError(f"{before}{_nothing(counts)}")
    if not any(gain > 0 for rows, _ in answers.values() for _, gain in rows):
        raise DataError(f"{before}no query has a relevant passage in the corpus")
    chosen = queries if len(answers) == len(queries) else queries.select(list(answers))
    chosen = replace(chosen, written=queries.written)
    return _finish(chosen, corpus, list(answers.values()), policy, counts)


def _collect(
    judgements: Iterable[Judgement],
    queries: QuerySet,
    corpus: Corpus,
    policy: JudgementPolicy,
    counts: dict[str, int],
    where: Callable[[int], str],
    advice: str,
) -> dict[int, _Query]:
    """Return the judgements by query row; raise DataError for contradicting or refused ones."""
    query_rows = {name: row for row, name in enumerate(queries.ids)}
    passage_rows = {name: row for row, name in enumerate(corpus.ids)}
    seen: dict[tuple[str, str], tuple[int, int]] = {}
    judged: dict[int, _Query] = {}
    for query, passage, gain, number in judgements:
        counts["judgements"] += 1
        if gain > LARGEST_GAIN:
            raise DataError(f"{where(number)}: the score is above {LARGEST_GAIN:g}; use smaller grades")
        before = seen.setdefault((query, passage), (gain, number))
        if before[1] != number:
            if before[0] != gain:
                raise DataError(
                    f"{where(number)}: query {query!r} and passage {passage!r} are judged {gain} here and {before[0]} in "
                    f"{where(before[1])}; keep one judgement per pair"
                )
            counts["repeated"] += 1
            continue
        row, target = query_rows.get(query), passage_rows.get(passage)
        if policy.missing == "strict" and (row is None or target is None):
            what = (
                f"query id {shortened(query)!r} is not among the queries"
                if row is None
                else f"passage id {shortened(passage)!r} is not in the corpus"
            )
            raise DataError(
                f"{where(number)}: the {what} {f'({advice}; ' if advice else '('}missing='never-found' reads on)"
            )
        if row is None:
            counts["unknown_queries"] += 1
            continue
        entry = judged.setdefault(row, _Query())
        if target is not None:
            entry.rows.append((target, gain))
        elif gain > 0:
            entry.lost.append(gain)
        else:
            entry.lost_others += 1
    return judged


def _answers(
    judged: _Query, position: dict[int, int], *, skip: bool, counts: dict[str, int]
) -> tuple[list[tuple[int, int]], list[int]] | None:
    """Return a query's (corpus row, gain) and the gains of lost passages, or None if it is left out."""
    rows = [(position[row], gain) for row, gain in judged.rows if row in position]
    answered = any(gain > 0 for _, gain in rows)
    if not answered and not judged.lost:
        elsewhere = any(gain > 0 for _, gain in judged.rows) or (judged.rows and not rows)
        if elsewhere:  # judged in languages that were not chosen
            counts["queries_of_other_languages"] += 1
            return None
        if skip:
            counts["queries_skipped"] += 1
            return None
        counts["queries_without_relevant"] += 1
    if judged.lost:
        counts["missing_passages"] += len(judged.lost)
        counts["queries_missing_passages"] += 1
    counts["missing_not_relevant"] += judged.lost_others
    return rows, judged.lost


def _finish(
    queries: QuerySet,
    corpus: Corpus,
    answers: list[tuple[list[tuple[int, int]], list[int]]],
    policy: JudgementPolicy,
    counts: dict[str, int],
) -> Judged:
    place = {name: row for row, name in enumerate(corpus.ids)}
    identical = {row: place[name] for row, name in enumerate(queries.ids) if name in place}
    exclude = bool(policy.exclude_identical_ids) and bool(identical)
    counts["identical_ids"] = len(identical)
    alike = sum(corpus.texts[passage] == queries.texts[row] for row, passage in identical.items())
    rows: list[tuple[int, int, int]] = []
    first: dict[str, list[int]] = {}
    for passage, lang in enumerate(corpus.langs):
        if len(two := first.setdefault(lang, [])) < 2:
            two.append(passage)
    for query, (judged, _) in enumerate(answers):
        excluded = identical.get(query, -1) if exclude else -1
        counts["identical_relevant"] += any(passage == excluded and gain > 0 for passage, gain in judged)
        rows += [(query, passage, gain) for passage, gain in judged]
        if any(passage != excluded for passage, _ in judged):
            continue
        # The rank of a stand-in says whether the query was scored, though it is not relevant.
        stand_ins = [*first.get(queries.langs[query], ()), *range(min(2, len(corpus)))]
        rows += [(query, passage, 0) for passage in stand_ins if passage != excluded][:1]
    qrels = Qrels.from_rows(
        rows,
        lost=[(query, gain) for query, (_, lost) in enumerate(answers) for gain in lost],
    )
    return Judged(
        queries, corpus, qrels, exclude, {k: v for k, v in counts.items() if v}, _notes(counts, policy, alike)
    )


def _some(count: int, what: str, plural: str = "") -> str:
    return f"{count:,} {what if count == 1 else plural or what + 's'}"


def _notes(counts: dict[str, int], policy: JudgementPolicy, alike: int) -> tuple[str, ...]:
    """Say what was left out or counted in a way that a reader may not expect."""
    notes = []
    if n := counts["missing_passages"]:
        of = _some(counts["queries_missing_passages"], "query", "queries")
        notes.append(
            f"{_some(n, 'relevant passage')} of {of} {'is' if n == 1 else 'are'} not in the corpus and "
            f"{'counts' if n == 1 else 'count'} as never found; missing='strict' refuses such judgements"
        )
    if n := counts["queries_without_relevant"]:
        notes.append(
            f"{_some(n, 'query has', 'queries have')} no relevant passage and {'scores' if n == 1 else 'score'} 0, as "
            "trec_eval counts; no_relevant='skip' leaves them out"
        )
    if n := counts["queries_skipped"]:
        notes.append(f"{_some(n, 'query has', 'queries have')} no relevant passage and {_were(n)} left out")
    if n := counts["unknown_queries"]:
        notes.append(
            f"{_some(n, 'judgement names', 'judgements name')} a query that is not there and {_were(n)} left out; "
            "missing='strict' refuses such judgements"
        )
    if n := counts["repeated"]:
        notes.append(f"{_some(n, 'judgement repeats', 'judgements repeat')} another and {_were(n)} read once")
    return (*notes, *_identical_notes(counts, policy, alike))


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _identical_notes(counts: dict[str, int], policy: JudgementPolicy, alike: int) -> list[str]:
    if not (n := counts["identical_ids"]) or policy.exclude_identical_ids is False:
        return []
    who = f"{_some(n, 'query has', 'queries have')} the id of a passage"
    if policy.exclude_identical_ids is None:
        told = (
            f"{who} ({alike:,} with its text too), which competes for the first rank; if they are the same texts, set "
            "exclude_identical_ids=True as BEIR's evaluator does, else exclude_identical_ids=False"
        )
        return [told]
    notes = [f"{who}, which is not a candidate of that query (exclude_identical_ids=True)"]
    if relevant := counts["identical_relevant"]:
        who = _some(relevant, "query is", "queries are")
        notes.append(f"{who} judged relevant to {'itself' if relevant == 1 else 'themselves'}, which is never found")
    return notes


def _nothing(counts: dict[str, int]) -> str:
    """Say why no query remains."""
    if not counts["judgements"]:
        return "the collection has no relevance judgement"
    if n := counts["queries_of_other_languages"]:
        return f"the relevant passages of all {_some(n, 'query', 'queries')} are in languages that were not chosen"
    if n := counts["queries_skipped"]:
        return f"no query has a relevant passage ({_some(n, 'query was', 'queries were')} judged)"
    return "the judgements name no query of the collection; compare the query ids of both files"
