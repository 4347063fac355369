"""TextAttack's parts under our contract. What imports TextAttack (20 s) is marked slow; the rest reads its sources alone."""

from __future__ import annotations

import importlib.util
import random
from typing import Any

import numpy as np
import pytest

from robustir.contracts import Attack
from robustir.encoders.bm25 import BM25
from robustir.encoders.hashing import HashingEncoder
from robustir.errors import DataError, MissingExtraError, NotApplicableError, SpecError
from robustir.perturbations.attacks.swaps import BUDGET, budget
from robustir.perturbations.attacks.textattack_attack import TextAttack
from robustir.perturbations.attacks.textattack_parts import Machine
from robustir.plugins.registry import canonical, create
from robustir.seeds import Stream, derive_key, derive_keys
from robustir.text.words import words
from robustir.types import QuerySet, Task
from tests.perturbations.test_adversarial import small_task

installed = importlib.util.find_spec("textattack") is not None
needs_textattack = pytest.mark.skipif(not installed, reason="TextAttack is not installed (extra: attack)")
slow = [pytest.mark.slow, needs_textattack]


@pytest.fixture(scope="module")
def mini() -> Task:
    task: Task = create("benchmark", "mini").load(None, ["en"])
    return task


def some(task: Task) -> tuple[QuerySet, list[bytes]]:
    queries = task.queries.select(list(range(0, len(task.queries), 12)))
    return queries, derive_keys(("test",), queries.langs, queries.ids, 0)


@needs_textattack
def test_its_spec_and_contract() -> None:
    assert isinstance(TextAttack(), Attack)
    assert canonical("perturbation", "textattack(transformation='WordSwapQWERTY')") == "textattack"
    assert TextAttack().languages == {"en"}
    assert {"en", "ru", "ar"} < set(TextAttack(transformation="WordSwapNeighboringCharacterSwap").languages or ())
    assert TextAttack(transformation=("WordSwapNeighboringCharacterSwap", "WordSwapQWERTY")).languages == {"en"}
    assert TextAttack(languages=("en", "fr")).languages == {"en", "fr"}


@needs_textattack
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"transformation": "WordSwapTeleport"}, "has no WordSwapTeleport; it has: .*WordSwapQWERTY"),
        ({"transformation": "1 + 1"}, "write a class of TextAttack"),
        ({"transformation": "WordSwapQWERTY('x')"}, "write a class of TextAttack"),
        ({"transformation": ()}, "give at least one"),
        ({"search": "Luck"}, "has no Luck; it has: .*GreedyWordSwapWIR"),
        ({"constraints": ("Nothing",)}, "has no Nothing"),
    ],
)
def test_unknown_parts_are_refused_without_an_import(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        TextAttack(**arguments)


@needs_textattack
def test_what_does_not_fit_is_refused_before_anything_is_loaded(mini: Task) -> None:
    queries, keys = some(mini)
    with pytest.raises(NotApplicableError, match="does not know en; it works in: fr"):
        TextAttack(languages="fr").attack(queries, mini, HashingEncoder(), severity=0.5, keys=keys)
    with pytest.raises(SpecError, match="from 0 to 1"):
        TextAttack().attack(queries, mini, HashingEncoder(), severity=1.5, keys=keys)
    with pytest.raises(SpecError, match="is not in small"):
        TextAttack().attack(queries, small_task(), HashingEncoder(), severity=0.5, keys=keys)
    with pytest.raises(SpecError, match="runs in suites"):
        TextAttack()("text", lang="en", severity=0.5, rng=Stream(derive_key("x")))


def test_without_textattack_the_error_holds_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    from robustir.perturbations.attacks import textattack_parts

    textattack_parts._modules.cache_clear()
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'robustir\[attack\]'"):
        TextAttack()
    textattack_parts._modules.cache_clear()


class TestWithTextAttack:
    pytestmark = slow

    @pytest.mark.parametrize(
        "arguments",
        [
            {},
            {"transformation": "WordSwapQWERTY(random_one=False)"},
            {
                "transformation": ("WordSwapQWERTY", "WordSwapNeighboringCharacterSwap(random_one=False)"),
                "search": "BeamSearch(beam_width=2)",
                "constraints": ("LevenshteinEditDistance(max_edit_distance=4)",),
            },
            {"transformation": "WordDeletion", "search": "GreedySearch"},
            {"search": "AlzantotGeneticAlgorithm(pop_size=4,max_iters=2)"},
        ],
        ids=["default", "all-keys", "beam", "deletion", "genetic"],
    )
    def test_the_laws_of_an_attack(self, mini: Task, arguments: dict[str, Any]) -> None:
        attack = TextAttack(**arguments)
        queries, keys = some(mini)
        states = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index]  # noqa: NPY002 - a tuple
        outcome = attack.attack(queries, mini, HashingEncoder(), severity=0.4, keys=keys)
        assert (random.getstate(), np.random.get_state()[1].tolist()) == states  # type: ignore[index]  # noqa: NPY002
        most = [
            budget(len(words(text, "en")), 0.4, Stream(key).uniform(BUDGET))
            for text, key in zip(queries.texts, keys, strict=True)
        ]
        assert (outcome.edits <= most).all()
        assert outcome.edits.sum() > 0
        assert (outcome.margin_after <= outcome.margin_before).all()
        changed = [text != clean for text, clean in zip(outcome.texts, queries.texts, strict=True)]
        assert changed == (outcome.edits > 0).tolist()
        part = attack.attack(queries.select([4, 1]), mini, HashingEncoder(), severity=0.4, keys=[keys[4], keys[1]])
        assert part.texts == (outcome.texts[4], outcome.texts[1])
        assert part.encoder_queries.tolist() == outcome.encoder_queries[[4, 1]].tolist()
        control = attack.control(queries, mini, edits=outcome.edits.tolist(), severity=0.4, keys=keys)
        assert [text != clean for text, clean in zip(control, queries.texts, strict=True)] == changed
        nothing = attack.attack(queries, mini, HashingEncoder(), severity=0.0, keys=keys)
        assert nothing.texts == queries.texts

    def test_encoder_queries_are_distinct_texts_and_protected_words_stay(self) -> None:
        task = small_task("In 1949 the Bridge crosses a river")
        attack = TextAttack(transformation="WordSwapQWERTY(random_one=False)")
        outcome = attack.attack(task.queries, task, HashingEncoder(), severity=1.0, keys=[derive_key("k")])
        assert outcome.texts[0].startswith("In 1949 the Bridge ")
        assert " a " in outcome.texts[0]
        assert outcome.edits.tolist() == [2]
        # the clean text, two words hidden for their importance, and all keys next to all letters of both words
        from textattack.transformations import WordSwapQWERTY

        swaps = sum(
            len(set(WordSwapQWERTY(random_one=False)._get_replacement_words(word))) for word in ("crosses", "river")
        )
        assert outcome.encoder_queries.tolist() == [1 + 2 + swaps]

    def test_a_lexical_scorer_is_attacked_too(self, mini: Task) -> None:
        queries, keys = some(mini)
        scorer = BM25()
        scorer.index(mini.corpus)
        outcome = TextAttack().attack(queries, mini, scorer, severity=0.4, keys=keys)
        assert outcome.margin_after.sum() < outcome.margin_before.sum()

    @pytest.mark.parametrize(
        ("part", "message"),
        [
            ("WordSwapEmbedding", "nothing is downloaded"),
            ("WordSwapQWERTY(sideways=True)", "sideways"),
        ],
    )
    def test_what_is_missing_is_said(self, part: str, message: str) -> None:
        with pytest.raises((DataError, SpecError), match=message):
            Machine([part], "GreedyWordSwapWIR", [])

    def test_a_search_that_wants_gradients_is_refused(self) -> None:
        with pytest.raises(SpecError, match="gradients"):
            Machine(["WordSwapQWERTY"], "GreedyWordSwapWIR(wir_method='gradient')", [])
