"""Attacked queries per second, beside TextAttack's greedy word-importance search with the same encoder, candidates and budget."""

from __future__ import annotations

import importlib.util
import time
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from robustir.encoders.hashing import HashingEncoder
from robustir.perturbations.attacks.adversarial import Adversarial
from robustir.perturbations.attacks.swaps import BUDGET, Attackable, budget, prepare
from robustir.perturbations.attacks.textattack_offline import load_textattack
from robustir.perturbations.attacks.victims import Victim
from robustir.plugins.registry import create
from robustir.seeds import Stream, derive_keys
from robustir.types import Task

pytestmark = [pytest.mark.speed, pytest.mark.slow]

SEVERITY = 0.3


def cpu_seconds(work: Any) -> tuple[float, Any]:
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


class Peer:
    """TextAttack's search over the candidates of our attack; its goal function is minus the margin."""

    def __init__(self, task: Task, vectors: Any) -> None:
        load_textattack()
        from textattack.goal_function_results import ClassificationGoalFunctionResult, GoalFunctionResultStatus
        from textattack.search_methods import GreedyWordSwapWIR
        from textattack.shared import AttackedText

        self.task, self.text, self.result = task, AttackedText, ClassificationGoalFunctionResult
        self.victim = Victim(HashingEncoder(), task, range(len(task.queries)), passage_vectors=vectors)
        self.searching = GoalFunctionResultStatus.SEARCHING
        self.search: Any = GreedyWordSwapWIR(wir_method="delete")
        self.search.get_transformations = self.transformations
        self.search.get_goal_results = self.results
        self.search.get_indices_to_order = self.indices

    def results(self, texts: Any) -> Any:
        """Score texts in one batch."""
        margins = self.victim.margins([self.row] * len(texts), [text.text for text in texts])[0]
        return [
            self.result(text, "", 0, self.searching, -margin, 1, np.inf)
            for text, margin in zip(texts, margins.tolist(), strict=True)
        ], False

    def indices(self, text: Any, **_: Any) -> Any:
        """Return the places of the words that may change."""
        found = [place for place, word in enumerate(text.words) if word in self.options]
        return len(found), found

    def transformations(
        self, current: Any, original_text: Any = None, indices_to_modify: Any = (), **_: Any
    ) -> list[Any]:
        """Return the text with each candidate of the words asked for, while the budget lasts."""
        if len(original_text.all_words_diff(current)) >= self.budget:
            return []
        return [
            current.replace_word_at_index(place, swap)
            for place in indices_to_modify
            for swap in self.options.get(original_text.words[place], ())
        ]

    def attack(self, row: int, query: Attackable, allowance: int) -> float:
        """Return the margin that the search ends with."""
        self.row, self.budget = row, allowance
        self.options = {query.text[word.start : word.stop]: word.candidates for word in query.open}
        clean = self.text(query.text)
        first = self.results([clean])[0][0]
        return -float(self.search.perform_search(first).score if allowance else first.score)


def test_attack_beside_textattack(benchmark: BenchmarkFixture) -> None:
    if importlib.util.find_spec("textattack") is None:
        pytest.skip("TextAttack is not installed")
    task: Task = create("benchmark", "mini").load(None, ["en"])
    queries = task.queries
    keys = derive_keys(("speed",), queries.langs, queries.ids, 0)
    vectors = HashingEncoder().encode(task.corpus.texts, role="passage")
    attack = Adversarial()

    def ours() -> Any:
        return attack.attack(queries, task, HashingEncoder(), severity=SEVERITY, keys=keys, passage_vectors=vectors)

    ours()
    our_seconds, outcome = cpu_seconds(ours)
    prepared = prepare(queries.texts, "en", keys, swaps=attack.swaps, candidates=attack.candidates)
    allowances = [
        min(budget(query.words, SEVERITY, Stream(key).uniform(BUDGET)), len(query.open))
        for query, key in zip(prepared, keys, strict=True)
    ]
    peer = Peer(task, vectors)
    peer.attack(0, prepared[0], allowances[0])

    def theirs() -> list[float]:
        return [peer.attack(row, query, allowances[row]) for row, query in enumerate(prepared)]

    their_seconds, after = cpu_seconds(theirs)
    benchmark.pedantic(ours, rounds=1)
    benchmark.extra_info.update(
        queries_per_second=round(len(queries) / our_seconds),
        textattack_queries_per_second=round(len(queries) / their_seconds),
        ratio=round(their_seconds / our_seconds, 1),
        mean_drop=round(float((outcome.margin_before - outcome.margin_after).mean()), 4),
        textattack_mean_drop=round(float((outcome.margin_before - np.array(after)).mean()), 4),
    )
    print(benchmark.extra_info)
    assert len(after) == len(queries)
