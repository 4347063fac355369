"""Words as a recogniser hears them: near words by hand and by espeak-ng, known words alone, what is never touched."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from robustir.disk.folders import data_folder
from robustir.perturbations.asr import ASR
from robustir.perturbations.shared.misheard import Misheard
from robustir.perturbations.tables.heard import CLASSES, KINDS, RecognitionRates, heard_words, recognition_rates
from robustir.plugins.registry import create
from robustir.resources.natural_noise.word_profile import WordProfile
from robustir.seeds import derive_key, key_array
from robustir.text.blocks import Block
from robustir.text.sounds import speaker
from robustir.text.words import words
from tests.perturbations.sounds import questions
from tests.strategies import LANGUAGES, SENTENCES

# Homophones and near-homophones that any speaker of the language knows.
HEARD = [
    ("en", "right", "write"),
    ("en", "weather", "whether"),
    ("en", "principle", "principal"),
    ("en", "fails", "fail"),
    ("de", "mehr", "Meer"),
    ("de", "statt", "Stadt"),
    ("es", "tuvo", "tubo"),
    ("es", "hola", "ola"),
    ("el", "τείχος", "τοίχος"),
    ("ru", "код", "кот"),
    ("tr", "kar", "kâr"),
    ("vi", "sa", "xa"),
    ("zh", "权利", "权力"),
    ("zh", "他", "她"),
]


def noisy(texts: list[str], lang: str, severity: float) -> list[str]:
    keys = [derive_key("asr", number) for number in range(len(texts))]
    return ASR().apply_batch(texts, langs=[lang] * len(texts), severity=severity, keys=keys)


def _segmented_words() -> frozenset[str]:
    """Return jieba's words: the segmenter cuts the noisy text, so that it finds words that subtitles lack."""
    import jieba

    with Path(jieba.__file__).with_name("dict.txt").open(encoding="utf-8") as lines:
        return frozenset(line.split(" ")[0] for line in lines)


@pytest.mark.parametrize(("lang", "word", "other"), HEARD)
def test_near_words_by_hand(lang: str, word: str, other: str) -> None:
    assert other in heard_words(lang).instead(word)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_word_has_near_ones_and_never_itself(lang: str) -> None:
    table = heard_words(lang)
    for word in table.listed()[:2_000]:
        assert word not in {other.lower() for other in table.instead(word)}
    assert np.mean([bool(table.instead(word)) for word in table.listed()]) > 0.95


@pytest.mark.parametrize(
    ("lang", "one", "other", "joined"), [("en", "can", "not", "cannot"), ("en", "news", "paper", "newspaper")]
)
def test_two_words_are_heard_as_one(lang: str, one: str, other: str, joined: str) -> None:
    assert heard_words(lang).joined(one, other) == joined


def test_chinese_words_join_by_their_syllables() -> None:
    assert heard_words("zh").joined("是", "实") in ("事实", "实施", "试试", "时事", "史诗")


def test_a_name_is_heard_as_words_of_the_vocabulary() -> None:
    table = heard_words("en")
    assert table.class_of("kuechly") == "unknown"
    assert "quietly" in table.instead("kuechly")
    assert table.instead("bronco's")[0] == "broncos"


@pytest.mark.parametrize("lang", [lang for lang in LANGUAGES if lang not in ("th", "zh")])
def test_espeak_says_that_near_words_sound_alike(lang: str) -> None:
    """Held against random words: the phonemes of the first near word are at half the distance or less."""
    from rapidfuzz.distance import Levenshtein

    heard = speaker()
    if heard is None:
        pytest.skip("needs espeak-ng:  apt-get install espeak-ng")
    table = heard_words(lang)
    voice = {"en": "en-us"}.get(lang, lang)
    listed = [word for word in table.listed()[200:2_000:9] if table.instead(word)]

    def apart(pairs: list[tuple[str, str]]) -> float:
        return float(
            np.mean(
                [
                    Levenshtein.normalized_distance(heard.said(voice, one), heard.said(voice, other.lower()))
                    for one, other in pairs
                ]
            )
        )

    near = apart([(word, table.instead(word)[0]) for word in listed])
    chance = apart([*zip(listed, listed[1:] + listed[:1], strict=True)])
    assert near < 0.5 * chance


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_written_is_in_the_dictionary(lang: str) -> None:
    folder = data_folder()
    if folder is None or not (folder / "xquad-r").is_dir() or not (folder / "frequency").is_dir():
        pytest.skip("needs xquad-r and frequency in the data folder")
    lines = (folder / "frequency" / f"{lang}.txt").read_text("utf-8").splitlines()
    dictionary = frozenset(line.split(" ")[0] for line in lines) | (_segmented_words() if lang == "zh" else frozenset())
    profile = WordProfile()
    clean = questions(folder, lang)[:400]
    for before, after in zip(clean, noisy(clean, lang, recognition_rates().wrong), strict=True):
        profile.add(before, after, lang, dictionary)
    row = profile.as_row()
    # The segmenter makes new words of single Chinese characters side by side.
    assert row["new words in no dictionary"] <= (0.2 if lang == "zh" else 0.1)
    assert 0.376 / 1.5 <= row["texts with words lost or added"] <= 1.5 * 0.376
    assert profile.word_rate == pytest.approx(recognition_rates().wrong, abs=0.05)


def test_the_rates_say_where_they_come_from() -> None:
    raw = json.loads(
        files("robustir.perturbations").joinpath("data", "recognition_rates", "en.json").read_text("utf-8")
    )
    assert "NoiseQA" in raw["source"]
    assert list(raw["classes"]) == list(CLASSES)
    assert list(raw["content"]) == list(KINDS)
    assert (
        raw["classes"]["function"] < raw["classes"]["frequent"] < raw["classes"]["common"] < raw["classes"]["unknown"]
    )


def only(kind: str, added: float = 0.0) -> RecognitionRates:
    """Return rates at which every wrong word is of one kind, and nothing else happens."""
    shares = {name: float(name == kind) for name in KINDS}
    return RecognitionRates(
        0.2, dict.fromkeys(CLASSES, 1.0), shares, shares, added, {"capital": 0.0, "final": 0.0, "mark": 0.0}
    )


def written(text: str, lang: str, rates: RecognitionRates) -> str:
    keys = key_array([derive_key("one")])
    return Misheard(Block.join([text]), lang, rates, keys).texts(1.0)[0]


@pytest.mark.parametrize(
    ("text", "lang", "rates", "expected"),
    [
        (
            "old bridge, there is",
            "en",
            only("left out"),
            {f", {word}" for word in heard_words("en").instead("is")},
        ),  # the last word stays
        ("1998 and 3.5 NASA", "en", only("left out"), {"1998 3.5 NASA"}),  # numbers and acronyms stay
        (
            "an old bridge? gone",
            "en",
            only("left out"),
            {f"? {word}" for word in heard_words("en").instead("gone")},
        ),  # no space is left before a mark
        ("can not", "en", only("joined"), {"cannot"}),
        ("news paper", "en", only("joined"), {"newspaper"}),
        (
            "chloroplast",
            "en",
            only("split"),
            {" ".join(pair.split()) for pair in heard_words("en").split("chloroplast")},
        ),
    ],
)
def test_kinds_by_hand(text: str, lang: str, rates: RecognitionRates, expected: set[str]) -> None:
    assert written(text, lang, rates) in expected


def test_negations_are_not_left_out() -> None:
    got = written("may not require", "en", only("left out")).split()
    assert got[0] in heard_words("en").instead("not")


def test_words_are_added_before_wrong_ones() -> None:
    got = written("old bridge", "en", only("replaced", added=1.0)).split()
    assert len(got) == 4
    assert {got[0], got[2]} <= set(heard_words("en").added)
    assert got[3] in heard_words("en").instead("bridge")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("severity", [0.05, 0.5, 1.0])
def test_numbers_stay_and_no_text_is_empty(lang: str, severity: float) -> None:
    texts = [f"{SENTENCES[lang]} 3.5 192.168.1.1", "的" if lang == "zh" else "x", "1998", ""]
    for before, after in zip(texts * 50, noisy(texts * 50, lang, severity), strict=True):
        assert bool(after.strip()) == bool(before.strip())
        assert ("3.5" in after) == ("3.5" in before)
        assert ("192.168.1.1" in after) == ("192.168.1.1" in before)
        assert "  " not in after.strip() or "  " in before


def test_capitals_and_marks_go_in_proportion_up_to_the_natural_rate() -> None:
    text = "Which old bridge is there?"
    rates = recognition_rates()
    for severity in (0.02, 0.1, rates.wrong, 0.5):
        after = noisy([text] * 4_000, "en", severity)
        lost = np.mean([not each.endswith("?") for each in after])
        expected = rates.sides["final"] * min(1.0, severity / rates.wrong)
        assert lost == pytest.approx(expected, abs=5 * 0.5 / 4_000**0.5)


def test_names_keep_their_capital_and_first_words_lose_it() -> None:
    after = noisy(["Who was Newton"] * 500, "en", 0.2)
    kept = [each for each in after if "ewton" in each]
    assert kept
    assert all("Newton" in each for each in kept)
    assert np.mean([each.startswith("Who") for each in after]) < 0.1
    assert np.mean([each.startswith("Panthers") for each in noisy(["Zzyzx is far"] * 50, "en", 0.2)]) == 0


def test_severity_is_the_expected_share_of_wrong_words() -> None:
    text = " ".join(["house"] * 20)
    rates = only("replaced")
    keys = key_array([derive_key("share", number) for number in range(1_000)])
    after = Misheard(Block.join([text] * 1_000), "en", rates, keys).texts(0.3)
    wrong = 1 - sum(each.split().count("house") for each in after) / 20_000
    assert wrong == pytest.approx(0.3, abs=5 * (0.21 / 20_000) ** 0.5)


def test_the_noise_is_that_of_one_text_at_a_time_and_words_of_every_script_are_heard() -> None:
    for lang in LANGUAGES:
        text = SENTENCES[lang]
        alone = create("perturbation", "asr")
        keys = [derive_key(lang, number) for number in range(30)]
        together = alone.apply_batch([text] * 30, langs=[lang] * 30, severity=0.5, keys=keys)
        assert together[7] == alone.apply_batch([text], langs=[lang], severity=0.5, keys=keys[7:8])[0]
        assert np.mean([words(each, lang) != words(text, lang) for each in together]) > 0.8
