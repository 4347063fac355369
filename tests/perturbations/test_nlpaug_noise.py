from __future__ import annotations

import importlib.util
import random

import numpy as np
import pytest

from robustir.errors import DataError, MissingExtraError, NotApplicableError, SpecError
from robustir.perturbations.nlpaug_noise import Nlpaug
from robustir.seeds import Stream, derive_key

TEXT = "where does the longest river begin and where does it finally end"


def call(plugin: Nlpaug, text: str = TEXT, *, severity: float = 0.5, key: int = 0, lang: str = "en") -> str:
    return plugin(text, lang=lang, severity=severity, rng=Stream(derive_key("test", key)))


def test_a_missing_nlpaug_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'robustir\[nlpaug\]'"):
        Nlpaug()


def test_results_follow_from_the_key_and_leave_global_states_alone() -> None:
    pytest.importorskip("nlpaug")
    plugin = Nlpaug("char.KeyboardAug")
    before = random.getstate(), str(np.random.get_state())  # noqa: NPY002 - the state itself is tested
    forward = [call(plugin, key=key) for key in range(20)]
    backward = [call(plugin, key=key) for key in reversed(range(20))][::-1]
    assert forward == backward
    assert len(set(forward)) > 15
    assert before == (random.getstate(), str(np.random.get_state()))  # noqa: NPY002 - as above


@pytest.mark.parametrize(("severity", "words"), [(0.0, 0), (0.25, 3), (1.0, 12)])
def test_severity_is_the_share_of_words(severity: float, words: int) -> None:
    pytest.importorskip("nlpaug")
    plugin = Nlpaug("char.RandomCharAug", action="insert", min_char=1)
    noisy = call(plugin, severity=severity)
    assert sum(a != b for a, b in zip(TEXT.split(), noisy.split(), strict=True)) == words


class Returns:
    def __init__(self, value: object) -> None:
        self.value = value

    def augment(self, text: str) -> object:
        return self.value


@pytest.mark.parametrize("value", [[], None, "", ["  "], [None], 3, "\u0301a", "\ud800"])
def test_what_is_no_text_leaves_the_query_as_it_was(value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("nlpaug")
    plugin = Nlpaug()
    monkeypatch.setattr(plugin, "_augmenter", Returns(value))
    assert call(plugin) == TEXT


def test_languages_are_the_augmenters() -> None:
    pytest.importorskip("nlpaug")
    assert Nlpaug(lang="de").languages == {"de"}
    assert Nlpaug("word.SpellingAug").languages == {"en"}
    assert Nlpaug("word.RandomWordAug", languages=["ka"]).languages == {"ka"}
    with pytest.raises(NotApplicableError, match="works in: de"):
        call(Nlpaug(lang="de"), lang="en")


def test_wrong_arguments_are_refused() -> None:
    pytest.importorskip("nlpaug")
    for wrong in ("KeyboardAug", "audio.NoiseAug", "char.NoSuchAug"):
        with pytest.raises(SpecError, match="nlpaug"):
            Nlpaug(wrong)
    with pytest.raises(SpecError, match="set by the severity"):
        Nlpaug(aug_word_p=0.3)
    with pytest.raises(SpecError, match="does not take colour"):
        Nlpaug(colour="red")


def test_missing_word_lists_are_named_and_nothing_is_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("nlpaug")
    nltk = pytest.importorskip("nltk")
    monkeypatch.setattr(nltk.data, "path", [])
    with pytest.raises(DataError, match=r"nltk\.downloader wordnet"):
        Nlpaug("word.SynonymAug")
