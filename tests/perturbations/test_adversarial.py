"""The attack against an exhaustive search, margins against plain NumPy, and counts and budgets exactly."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from robustir.contracts import Attack
from robustir.encoders.bm25 import BM25
from robustir.encoders.hashing import HashingEncoder
from robustir.errors import NotApplicableError, PerturbationError, SpecError
from robustir.perturbations.attacks.adversarial import Adversarial
from robustir.perturbations.attacks.chrf import chrf
from robustir.perturbations.attacks.searches import Score, beam, greedy, lockstep
from robustir.perturbations.attacks.swaps import Attackable, Word, budget, prepare
from robustir.perturbations.attacks.victims import Victim
from robustir.perturbations.homoglyph import homoglyphs
from robustir.plugins.registry import canonical, create
from robustir.seeds import Stream, derive_key, derive_keys
from robustir.types import Corpus, Qrels, QuerySet, Task
from tests.strategies import LANGUAGES, SENTENCES, keys, languages, severities, texts

PASSAGES = ("the old stone bridge crosses a wide river", "a young baker sells bread", "the stone tower stands alone")


def small_task(*questions: str, lang: str = "en") -> Task:
    """Return a task whose question number i has passage number i modulo three as its answer, in two languages."""
    queries = QuerySet.from_texts(questions or ("old bridge river",), lang=lang)
    corpus = Corpus(
        tuple(f"p{n}" for n in range(6)), PASSAGES + tuple(text[::-1] for text in PASSAGES), (lang,) * 3 + ("xx",) * 3
    )
    rows = [(query, query % 3 + shift, 1) for query in range(len(queries)) for shift in (0, 3)]
    return Task("small", queries, corpus, Qrels.from_rows(rows))


@pytest.fixture(scope="module")
def mini() -> Task:
    task: Task = create("benchmark", "mini").load(None, ["en", "th", "zh"])
    return task


def run(attack: Adversarial, task: Task, severity: float, rows: Any = None, victim: Any = None) -> Any:
    queries = task.queries if rows is None else task.queries.select(rows)
    named = derive_keys(("test",), queries.langs, queries.ids, 0)
    return attack.attack(queries, task, victim or HashingEncoder(), severity=severity, keys=named)


def test_it_keeps_the_contract() -> None:
    assert isinstance(Adversarial(), Attack)
    assert canonical("perturbation", "adversarial(against='hashing', gate=0.0)") == "adversarial(against='hashing')"


@pytest.mark.parametrize(
    "arguments",
    [{"swaps": ()}, {"swaps": "teleport"}, {"search": "x"}, {"objective": "x"}, {"width": 0}, {"gate": 1.5}],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(SpecError):
        Adversarial(**arguments)


def test_without_a_benchmark_it_says_what_to_do() -> None:
    with pytest.raises(SpecError, match="runs in suites"):
        Adversarial()("text", lang="en", severity=0.5, rng=Stream(derive_key("x")))


def test_wrong_queries_are_refused() -> None:
    task = small_task()
    with pytest.raises(SpecError, match="is not in small"):
        Adversarial().attack(
            QuerySet.from_texts(["a"], lang="en", ids=["other"]), task, HashingEncoder(), severity=0.5, keys=[b"0" * 16]
        )
    with pytest.raises(SpecError, match="has passages only in en, xx"):
        run(Adversarial(passages="fr"), task, 0.5)
    with pytest.raises(SpecError, match="from 0 to 1"):
        run(Adversarial(), task, 1.5)
    with pytest.raises(NotApplicableError, match="does not know fr"):
        run(Adversarial(), small_task(lang="fr"), 0.5)
    scorer = BM25()
    scorer.index(Corpus(("one",), ("one",), ("en",)))
    with pytest.raises(PerturbationError, match="indexed 1 passages"):
        run(Adversarial(), task, 0.5, victim=scorer)


@pytest.mark.parametrize("passages", ["same", "xx"])
@pytest.mark.parametrize("lexical", [False, True])
def test_margins_are_those_of_plain_numpy(passages: str, lexical: bool) -> None:
    task = small_task("old bridge", "young bread", "stone tower alone")
    victim: Any = BM25() if lexical else HashingEncoder()
    if lexical:
        victim.index(task.corpus)
        scores = next(victim.blocks(task.queries))
    else:
        scores = victim.encode(task.queries.texts, role="query") @ victim.encode(task.corpus.texts, role="passage").T
    inside = scores[:, :3] if passages == "same" else scores[:, 3:]
    expected = [row[i] - np.delete(row, i).max() for i, row in enumerate(inside)]
    attacked = Victim(victim, task, range(3), passages=passages)
    assert attacked.margins([0, 1, 2], task.queries.texts)[0] == pytest.approx(expected, abs=1e-6)
    assert run(Adversarial(passages=passages), task, 0.0, victim=victim).margin_before == pytest.approx(
        expected, abs=1e-6
    )


def test_a_passage_with_the_querys_own_id_is_no_competitor() -> None:
    texts = ("old bridge", "old stone bridge", "young bread", "tower")
    corpus = Corpus(("q", "p1", "p2", "p3"), texts, ("en",) * 4)
    queries = QuerySet(("q", "r"), ("old bridge", "bread"), ("en", "en"), ("q", "r"), ("q", "r"))
    qrels = Qrels.from_rows([(0, 1, 1), (1, 0, 0)])
    task = Task("arguments", queries, corpus, qrels, exclude_identical_ids=True)
    victim = HashingEncoder()
    scores = victim.encode(queries.texts, role="query") @ victim.encode(texts, role="passage").T
    attacked = Victim(victim, task, range(2))
    assert attacked.margins([0], ["old bridge"])[0].tolist() == pytest.approx([scores[0, 1] - scores[0, 2:].max()])
    assert (attacked.can_attack(0), attacked.can_attack(1)) == (True, False)  # nothing is relevant for the second


def test_passage_vectors_that_are_known_are_used() -> None:
    task = small_task("old bridge")
    vectors = np.zeros((6, 384), dtype=np.float32)
    assert Victim(HashingEncoder(), task, [0], passage_vectors=vectors).margins([0], ["old"])[0].tolist() == [0.0]


def test_the_rank_objective_puts_the_rank_first() -> None:
    task = small_task("old bridge")
    victim = Victim(HashingEncoder(), task, [0], objective="rank")
    margins, goals = victim.margins([0, 0], ["old bridge river", "young baker"])
    assert margins[0] > 0 > margins[1]
    assert 0 < goals[0] < 0.5
    assert -2.5 < goals[1] < -2  # both competitors are ahead


def test_a_query_without_competitor_stays_and_has_no_margin() -> None:
    corpus = Corpus(("p",), ("old bridge",), ("en",))
    task = Task("alone", QuerySet.from_texts(["old bridge"], lang="en"), corpus, Qrels.from_rows([(0, 0, 1)]))
    outcome = run(Adversarial(), task, 1.0)
    assert outcome.texts == ("old bridge",)
    assert outcome.edits.tolist() == outcome.encoder_queries.tolist() == [0]
    assert np.isnan(outcome.margin_before).all()


def toy(values: dict[str, float]) -> Any:
    """Score a text by the sum of its words' values."""

    def score(numbers: list[int], some: list[str]) -> Any:
        score.calls.append(list(some))  # type: ignore[attr-defined]
        totals = [sum(values.get(word, 0.0) for word in text.split()) for text in some]
        return (Score(total, total) for total in totals)

    score.calls = []  # type: ignore[attr-defined]
    return score


QUERY = Attackable("a b c", 3, (Word(0, 1, ("x", "y")), Word(2, 3, ("p", "q")), Word(4, 5, ("m", "n"))))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-9, 9), min_size=9, max_size=9), st.integers(0, 3), st.integers(1, 4))
def test_no_search_beats_the_exhaustive_one(numbers: list[int], edits: int, width: int) -> None:
    values = dict(zip("abcxypqmn", map(float, numbers), strict=True))
    score = toy(values)
    choices = [
        [(None, word), *((swap, swap) for swap in options)]
        for word, options in zip("abc", ("xy", "pq", "mn"), strict=True)
    ]
    totals = {
        " ".join(chosen for _, chosen in some): sum(values[chosen] for _, chosen in some)
        for some in product(*choices)
        if sum(swap is not None for swap, _ in some) <= edits
    }
    best = min(totals.values())
    for make in (greedy, beam):
        ((found,),) = lockstep([QUERY], [make(QUERY, edits, lambda _: True, width)], score, [[edits]])
        assert found.edits <= edits
        assert found.after == totals[found.text]
        assert best <= found.after <= found.before
        if make is beam:  # every word counts for itself here, so that the best edits one by one are the best together
            assert found.after == best


def test_greedy_takes_the_most_important_word_and_counts_what_it_asked() -> None:
    score = toy({"a": 1, "b": 5, "c": 2, "x": -9, "p": 4, "q": 3})
    ((found,),) = lockstep([QUERY], [greedy(QUERY, 1, lambda _: True, 1)], score, [[1]])
    assert (found.text, found.edits, found.before, found.after) == ("a q c", 1, 8.0, 6.0)
    # the clean text, three deletions, two candidates of the most important word
    assert score.calls == [["a b c", " b c", "a c", "a b "], ["a p c", "a q c"]]
    assert found.asked == 6


def test_what_is_known_is_not_asked_again_and_queries_share_batches() -> None:
    twice = Attackable("a", 1, (Word(0, 1, ("x", "y")),))
    score = toy({"a": 1, "x": 0, "y": 2})
    searches = [beam(twice, 1, lambda _: True, 2), beam(QUERY, 1, lambda _: True, 2)]
    found = lockstep([twice, QUERY], searches, score, [[1], [1]])
    assert [each.asked for (each,) in found] == [3, 7]
    assert [len(call) for call in score.calls] == [2, 8]


def test_the_gate_is_kept() -> None:
    score = toy({"a": 1, "b": 5, "q": 3})
    ((found,),) = lockstep([QUERY], [greedy(QUERY, 3, lambda text: "q" not in text, 1)], score, [[3]])
    assert "q" not in found.text


def test_chrf_by_hand() -> None:
    assert chrf("a b", "ab") == 1.0
    assert chrf("abc", "xyz") == 0.0
    # unigrams 2 of 3, bigrams 1 of 2, trigrams 0 of 1, in both directions
    assert chrf("abd", "abc") == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)


def test_a_gate_bounds_the_distance(mini: Task) -> None:
    open_, closed = run(Adversarial(), mini, 0.5), run(Adversarial(gate=0.7), mini, 0.5)
    pairs = list(zip(closed.texts, mini.queries.texts, strict=True))
    assert min(chrf(text, clean) for text, clean in pairs) >= 0.7
    assert closed.edits.sum() < open_.edits.sum()


def test_budgets_have_the_right_mean_and_nest() -> None:
    drawn = [number / 1000 for number in range(1000)]
    assert np.mean([budget(7, 0.3, u) for u in drawn]) == pytest.approx(2.1)
    assert {budget(7, 0.3, u) for u in drawn} == {2, 3}
    assert budget(7, 0.0, 0.999) == 0
    assert budget(7, 1.0, 0.999) == 7


@settings(deadline=None, max_examples=40)
@example("桥", "zh", derive_key("test"), 0.1)  # it has synonyms, and no other key
@given(texts, languages, keys, severities)
def test_any_text_is_attacked_within_its_budget(text: str, lang: str, key: bytes, severity: float) -> None:
    corpus = Corpus(("p", "n"), ("old bridge", "young baker"), (lang, lang))
    task = Task("any", QuerySet.from_texts([text], lang=lang), corpus, Qrels.from_rows([(0, 0, 1)]))
    swaps = ("keyboard", "transpose", "synonym") if key[0] % 2 else ("keyboard", "transpose")
    made = Adversarial(swaps=swaps)
    outcome = made.attack(task.queries, task, HashingEncoder(dim=16), severity=severity, keys=[key])
    (prepared,) = prepare([text], lang, [key], swaps=swaps, candidates=8)
    assert outcome.edits[0] <= min(np.ceil(severity * prepared.words), len(prepared.open))
    assert outcome.margin_after[0] <= outcome.margin_before[0]
    assert (outcome.texts[0] == text) == (outcome.edits[0] == 0)
    control = made.control(task.queries, task, edits=[99], severity=severity, keys=[key])
    assert (control[0] != text) == bool(prepared.open)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_candidates_are_distinct_and_near(lang: str) -> None:
    (made,) = prepare([SENTENCES[lang]], lang, [derive_key(lang)], swaps=("keyboard", "transpose"), candidates=6)
    assert made.open
    for word in made.open:
        clean = SENTENCES[lang][word.start : word.stop]
        assert clean not in word.candidates
        assert len(set(word.candidates)) == len(word.candidates) <= 6


def test_numbers_names_acronyms_and_function_words_stay() -> None:
    def open_words(text: str, lang: str) -> list[str]:
        (made,) = prepare([text], lang, [derive_key("x")], swaps=("keyboard",), candidates=4)
        return [text[word.start : word.stop] for word in made.open]

    assert open_words("When did Paris join NATO in 1949 with 2nd rank", "en") == ["join", "rank"]
    assert open_words("Wann wurde die Stadt Teil der EU", "de") == ["Stadt", "Teil"]


def test_synonyms_are_offered_in_the_case_of_the_word() -> None:
    (made,) = prepare(["Big city"], "en", [derive_key("x")], swaps=("synonym",), candidates=3)
    assert [word.start for word in made.open][:1] == [0]
    assert all(swap[0].isupper() for swap in made.open[0].candidates)


@pytest.mark.parametrize("search", ["greedy", "beam"])
def test_one_query_does_not_depend_on_the_others(mini: Task, search: str) -> None:
    attack = Adversarial(search=search, width=2)
    rows = [250, 3, 120, 7, 299]
    whole, part = run(attack, mini, 0.2), run(attack, mini, 0.2, rows)
    assert part.texts == tuple(whole.texts[row] for row in rows)
    assert part.encoder_queries.tolist() == whole.encoder_queries[rows].tolist()
    assert part.margin_after.tolist() == whole.margin_after[rows].tolist()


@pytest.mark.parametrize("arguments", [{}, {"search": "beam", "width": 2}, {"gate": 0.6}, {"objective": "rank"}])
@pytest.mark.parametrize("lexical", [False, True])
def test_one_search_gives_what_each_budget_alone_would_have_found(
    mini: Task, arguments: dict[str, Any], lexical: bool
) -> None:
    attack = Adversarial(**arguments)
    victim: Any = BM25() if lexical else HashingEncoder()
    if lexical:
        victim.index(mini.corpus)
    rows = list(range(0, len(mini.queries), 11))
    queries = mini.queries.select(rows)
    named = derive_keys(("test",), queries.langs, queries.ids, 0)
    levels = (0.3, 0.0, 0.1, 0.7)
    together = attack.attack_severities(queries, mini, victim, severities=levels, keys=named)
    for severity, one in zip(levels, together, strict=True):
        alone = run(attack, mini, severity, rows, victim)
        assert one.texts == alone.texts
        for name in ("edits", "encoder_queries", "margin_before", "margin_after"):
            assert getattr(one, name).tolist() == getattr(alone, name).tolist(), name
    assert together[3].edits.sum() > together[0].edits.sum() > together[2].edits.sum() > together[1].edits.sum() == 0
    assert set(together[1].encoder_queries.tolist()) == {1}


def test_the_attack_hurts_more_than_its_control(mini: Task) -> None:
    attack = Adversarial()
    outcome = run(attack, mini, 0.3)
    named = derive_keys(("control",), mini.queries.langs, mini.queries.ids, 0)
    control = attack.control(mini.queries, mini, edits=outcome.edits.tolist(), severity=0.3, keys=named)
    victim = Victim(HashingEncoder(), mini, range(len(mini.queries)))
    by_chance = victim.margins(range(len(mini.queries)), control)[0]
    assert outcome.margin_after.mean() < by_chance.mean() < outcome.margin_before.mean()
    assert outcome.edits.sum() == pytest.approx(
        sum(0.3 * query.words for lang in ("en", "th", "zh") for query in _prepared(mini, lang)), rel=0.15
    )


def _prepared(task: Task, lang: str) -> list[Attackable]:
    found = [text for text, of in zip(task.queries.texts, task.queries.langs, strict=True) if of == lang]
    named = [derive_key(text) for text in found]
    return prepare(found, lang, named, swaps=("keyboard",), candidates=2)


def test_look_alikes_are_an_attack_of_their_own() -> None:
    with pytest.raises(SpecError, match="give one or more of keyboard"):
        Adversarial(swaps=("homoglyph",))
    words = prepare(["where does the river begin"], "en", [b"k" * 16], swaps=("homoglyph",), candidates=8)[0].open
    assert words
    for word in words:
        clean = "where does the river begin"[word.start : word.stop]
        for candidate in word.candidates:
            changed = [(old, new) for old, new in zip(clean, candidate, strict=True) if old != new]
            assert len(changed) == 1
            assert changed[0][1] in homoglyphs(changed[0][0], "en")
