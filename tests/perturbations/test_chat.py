"""Chat writing worked by hand: every kind alone, the order in which kinds come, lists and rates."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pytest

from robustir.errors import NotApplicableError, SpecError
from robustir.perturbations.chat import Chat
from robustir.perturbations.tables.chat_forms import KINDS, chat_forms, chat_rates
from robustir.seeds import Stream, derive_key

KEY = derive_key("chat")
LISTED = ("de", "en", "es", "ru", "tr", "vi")

CASES = [
    ("forms", "en", "people would", {"ppl wud", "ppl wld"}),
    ("forms", "en", "Because", {"Bc", "Cuz", "Cos", "Coz"}),
    ("forms", "de", "und ist", {"u is", "n is"}),
    ("forms", "es", "¿también?", {"¿tb?", "¿tmb?", "¿tbn?"}),
    ("forms", "ru", "спасибо", {"спс", "пасиб", "пасибо"}),
    ("forms", "tr", "selam", {"slm"}),
    ("forms", "vi", "không", {"ko", "k", "hok", "kh"}),
    ("phrases", "en", "I don't know", {"idk"}),
    ("phrases", "en", "I don’t know that", {"idk that"}),
    ("phrases", "en", "right  now", {"right  now"}),  # two spaces: not the phrase
    ("phrases", "de", "zum Beispiel", {"zb", "z.b."}),
    ("phrases", "es", "por favor", {"xfa", "xfavor", "plis"}),
    ("phrases", "ru", "потому что", {"птмч", "потомушо", "пч"}),
    ("phrases", "tr", "bir şey", {"bişey", "bişi", "bisey"}),
    ("phrases", "vi", "bây giờ", {"bh", "bjo", "bi h"}),
    ("vowels", "en", "really old text", {"rlly old text"}),
    ("vowels", "de", "wirklich", {"wirklich"}),
    ("lengthening", "en", "so old", {"sooo old", "soooo old", "sooooo old"}),
    ("lengthening", "en", "love", {"looove", "loooove", "looooove"}),
    ("apostrophes", "en", "it isn't Bob’s", {"it isnt Bobs"}),
    ("capitals", "en", "Who saw NASA, IPCC and Bob", {"who saw NASA, IPCC and bob"}),
    ("capitals", "tr", "Irmak", {"ırmak"}),
    ("marks", "en", "Who, when? (3.5 m)", {"Who when (3.5 m)"}),
    ("marks", "es", "¿Quién?", {"¿Quién"}),
    ("marks", "es", "¿Quién fue?", {"Quién fue"}),
]


@pytest.mark.parametrize(("kind", "lang", "clean", "expected"), CASES)
def test_kinds_at_severity_1(kind: str, lang: str, clean: str, expected: set[str]) -> None:
    keys = [derive_key("chat", number) for number in range(60)]
    made = Chat(kind).apply_batch([clean] * 60, langs=[lang] * 60, severity=1, keys=keys)
    assert set(made) <= expected
    assert len(set(made)) >= min(2, len(expected))


def test_a_phrase_is_written_as_one_and_its_words_stay_otherwise() -> None:
    made = Chat(("forms", "phrases"))
    keys = [derive_key("phrase", number) for number in range(2_000)]
    after = made.apply_batch(["because of course"] * 2_000, langs=["en"] * 2_000, severity=0.6, keys=keys)
    assert {each.split(" ", 1)[1] for each in after} == {"of course", "ofc"}


def test_what_people_do_more_often_comes_first() -> None:
    text = "Because I really think so, Bob isn't there, that matters."
    keys = [derive_key("first", number) for number in range(3_000)]
    after = Chat().apply_batch([text] * 3_000, langs=["en"] * 3_000, severity=0.1, keys=keys)

    def share(part: str) -> float:
        return float(np.mean([part in each for each in after]))

    assert 1 - share("so,") > 3 * (1 - share("matters"))
    assert share("isnt") > 3 * share("rlly")
    assert share("mttrs") < 0.01


def test_severity_is_the_expected_share_of_words_that_can_be_written_otherwise() -> None:
    text = " ".join(["people"] * 20 + ["zzz"])
    keys = [derive_key("share", number) for number in range(1_000)]
    after = Chat().apply_batch([text] * 1_000, langs=["en"] * 1_000, severity=0.3, keys=keys)
    changed = 1 - sum(each.split().count("people") for each in after) / 20_000
    assert changed == pytest.approx(0.3, abs=5 * (0.21 / 20_000) ** 0.5)


@pytest.mark.parametrize("lang", LISTED)
def test_lists_are_sound(lang: str) -> None:
    data = json.loads(files("robustir.perturbations").joinpath("data", "chat", f"{lang}.json").read_text("utf-8"))
    assert data["licence"] == "CC0-1.0"
    forms = chat_forms(lang)
    assert len(forms.words) > 50
    assert len(forms.phrases) > 15
    for old, new in (*forms.words.items(), *forms.phrases.items()):
        assert old not in new
        assert all(form and form == form.strip() for form in new)
        assert len(set(new)) == len(new)
    assert all(" " in phrase or phrase == "cannot" or phrase == "bilmiyorum" for phrase in forms.phrases)
    assert all(forms.drawn_out(word) for word in forms.lengthened)


def test_rates_are_those_of_forum_posts() -> None:
    raw = json.loads(files("robustir.perturbations").joinpath("data", "chat_rates", "en.json").read_text("utf-8"))
    assert "RoCS-MT" in raw["source"]
    rates = chat_rates()
    assert {"forms", "phrases", "vowels", "lengthening", "apostrophes", "capital", "mark"} <= rates.keys()
    assert rates["apostrophes"] > rates["forms"] > rates["vowels"]


def test_languages_without_a_list_and_unknown_kinds_are_refused() -> None:
    with pytest.raises(NotApplicableError, match="chat does not know th; it works in: de, en, es, ru, tr, vi"):
        Chat()("สะพาน", lang="th", severity=1, rng=Stream(KEY))
    with pytest.raises(SpecError, match="chat\\(kinds='emoji'\\): give one or more of forms, phrases"):
        Chat("emoji")
    assert Chat(("marks", "forms")).kinds == ("forms", "marks")
    assert Chat().kinds == KINDS
