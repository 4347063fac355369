"""The noise channel: its laws, its rates, and the tables it rests on."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from robustir.errors import DataError, NotApplicableError, SpecError
from robustir.perturbations.mt import mt_instead
from robustir.perturbations.mt.mt_instead import FORM, LEXICAL, OTHER, UNTRANSLATED, Options, instead, is_new
from robustir.perturbations.mt.mt_noise import Channel
from robustir.perturbations.mt.mt_order import turned
from robustir.perturbations.mt.mt_rates import FARTHEST, Counts, Rates, Table, excess, load_table
from robustir.perturbations.mt.mt_words import CLASSES, COMMON, FUNCTION, NAME, NUMBER, RARE, Frequent, word_classes
from robustir.perturbations.mt_channel import MTChannel
from robustir.perturbations.shared.numbered_units import word_units
from robustir.perturbations.tables.confusions import confusions
from robustir.perturbations.tables.lexicons import fold
from robustir.perturbations.tables.opposites import opposite
from robustir.perturbations.typing.keyboards import read_data
from robustir.seeds import Stream, derive_key, derive_keys, key_array
from robustir.text.blocks import Block
from robustir.text.clusters import clusters
from robustir.text.words import words
from tests.strategies import LANGUAGES, SENTENCES, keys, languages, severities, texts

batches = st.lists(st.tuples(texts, languages, keys), max_size=4)
LINE = "the water and the bread of a house by night with a book"


def one(text: str, lang: str, key: bytes, severity: float, **arguments: str) -> str:
    return MTChannel(**arguments)(text, lang=lang, severity=severity, rng=Stream(key))


def channel(
    text: str = LINE,
    many: int = 1,
    lang: str = "en",
    strength: float = 1.0,
    lost: float = 0.0,
    way: int = 0,
    moved: float = 0.0,
    added: tuple[float, float] = (0.0, 0.0),
) -> list[str]:
    """A channel with one way of losing words, or one length of moves."""
    how = np.tile(np.where(np.arange(5) >= way, 1.0, 0.0), (len(CLASSES), 1))
    reach = np.where(np.arange(FARTHEST) >= 1, 1.0, 0.0)
    rates = Rates(np.full(len(CLASSES), lost), np.ones(len(CLASSES)), how, moved, reach, added)
    pool = Options.of([("the", 3.0), ("often", 1.0)], lang)
    many_keys = key_array(derive_keys(("channel",), [lang] * many, [str(at) for at in range(many)], 0))
    return Channel([text] * many, ("de", lang), rates, pool, strength, many_keys).noisy()


@given(batches, severities)
@settings(max_examples=60, deadline=None)
def test_a_batch_equals_its_texts_one_by_one(batch: list[tuple[str, str, bytes]], severity: float) -> None:
    many, langs, many_keys = zip(*batch, strict=True) if batch else ((), (), ())
    together = MTChannel().apply_batch(many, langs=langs, severity=severity, keys=many_keys)
    assert together == [one(text, lang, key, severity) for text, lang, key in batch]
    assert MTChannel().apply_batch(many, langs=langs, severity=0, keys=many_keys) == list(many)


@given(texts, languages, keys, severities)
@settings(max_examples=250, deadline=None)
def test_texts_stay_texts(text: str, lang: str, key: bytes, severity: float) -> None:
    after = one(text, lang, key, severity)
    assert bool(after.strip()) == bool(text.strip())
    assert len(words(after, lang)) > 0 or not words(text, lang)
    assert len(regex.findall(r"\p{Cs}", after)) == len(regex.findall(r"\p{Cs}", text))

    def marks_alone(of: str) -> int:
        return sum(regex.match(r"\p{M}", cluster) is not None for cluster in clusters(of))

    assert marks_alone(after) <= marks_alone(text)


@given(texts, languages, keys, st.floats(0.05, 1), st.floats(0.05, 1))
@settings(max_examples=250, deadline=None)
def test_what_is_edited_stays_edited(text: str, lang: str, key: bytes, one_level: float, other_level: float) -> None:
    low, high = sorted([one_level, other_level])
    if one(text, lang, key, low) != text:
        assert one(text, lang, key, high) != text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_something_changes_in_every_language(lang: str) -> None:
    assert any(one(SENTENCES[lang], lang, derive_key("all", n), 1.0) != SENTENCES[lang] for n in range(10))


def test_words_are_lost_at_the_stated_rate() -> None:
    many, size = 400, len(LINE.split())
    left = sum(len(text.split()) for text in channel(many=many, lost=0.2))
    assert abs(1 - left / (many * size) - 0.2) < 5 * math.sqrt(0.16 / (many * size))
    left = sum(len(text.split()) for text in channel(many=many, lost=0.2, strength=2.0))
    assert abs(1 - left / (many * size) - 0.4) < 5 * math.sqrt(0.24 / (many * size))


def test_the_last_word_is_never_dropped() -> None:
    assert channel("bread", many=30, lost=1.0) == ["bread"] * 30
    assert {len(text.split()) for text in channel(many=30, lost=1.0)} == {1}


def test_words_are_added_at_the_stated_rate_and_not_in_the_text_twice() -> None:
    many, size = 400, len(LINE.split())
    noisy = channel(many=many, added=(0.1, 0.0))
    more = sum(len(text.split()) for text in noisy) / many - size
    assert abs(more - 0.1 * size) < 5 * math.sqrt(0.09 * size / many)
    came = [word for text in noisy for word in text.split() if word.lower() == "often"]
    the = sum(text.lower().split().count("the") for text in noisy) - 2 * many
    assert len(came) + the == round(more * many)
    assert abs(len(came) / (len(came) + the) - 0.25) < 5 * math.sqrt(0.1875 / (len(came) + the))


def test_a_word_moves_over_others_at_the_stated_rate() -> None:
    many, size = 600, 12
    text = " ".join(f"w{number}" for number in range(size))
    noisy = channel(text, many=many, moved=0.05)
    for line in noisy:
        assert sorted(line.split()) == sorted(text.split())
    # a stretch of three words holds one that moved over two: two others in the longest common subsequence
    changed = sum(a != b for line in noisy for a, b in zip(line.split(), text.split(), strict=True)) / 3
    assert abs(changed / (many * size) - 0.05) < 0.012


def test_moves_nest_and_stay_in_their_texts() -> None:
    block = Block.join(["a b c d e", "", "f", "g h i j"] * 20)
    units = word_units(block, "en")
    many_keys = key_array(derive_keys(("t",), ["en"] * 80, [str(n) for n in range(80)], 0))
    draws = units.draws(many_keys)
    reach = np.linspace(1 / FARTHEST, 1, FARTHEST)
    low, high = (turned(units, draws, lambda words: words >= 0, reach, share) for share in (0.05, 0.2))
    assert sorted(high.tolist()) == list(range(len(units)))
    assert (units.row[high] == units.row).all()
    moved = low != np.arange(len(units))
    assert moved.any()
    assert (low[moved] == high[moved]).all()
    assert (turned(units, draws, lambda words: words < 0, reach, 0.2) == np.arange(len(units))).all()


def test_severities_nest_word_by_word() -> None:
    for number in range(100):
        key = derive_key("nest", number)
        clean = "water bread house time book"
        levels = [one(clean, "en", key, level, source="hi") for level in (0.2, 0.5, 1.0)]
        kept = [[word for word in clean.split() if word in text.lower().split()] for text in levels]
        assert set(kept[2]) <= set(kept[1]) <= set(kept[0])


def test_classes_of_words() -> None:
    text = "Where did Gauss and NASA find the ubiquitous 17 phosphorylations of water"
    block = Block.join([text])
    units = word_units(block, "en")
    found = dict(zip(text.split(), word_classes(block, units, "en", np.arange(len(units))).tolist(), strict=True))
    assert [found[word] for word in ("the", "did", "and")] == [FUNCTION] * 3
    assert found["water"] == COMMON
    assert found["phosphorylations"] == RARE
    assert (found["Gauss"], found["NASA"], found["17"]) == (NAME, NAME, NUMBER)
    shouted = Block.join(["WATER AND BREAD ARE HERE", "Water And Bread Are Here"])
    assert NAME not in word_classes(shouted, word_units(shouted, "en"), "en", np.arange(10))


def test_a_filter_of_frequent_words() -> None:
    known = [f"word{number}" for number in range(8_000)]
    frequent = Frequent.of(known)
    assert all(word in frequent for word in known)
    assert sum(f"other{number}" in frequent for number in range(10_000)) < 400


class Everything(str):
    """A text that has any word."""

    __slots__ = ()

    def __contains__(self, _part: object) -> bool:
        return True


def test_what_comes_instead() -> None:
    def made(form: str, kind: int, way: int, chance: float, text: str = "") -> str | None:
        (found,) = instead([form], [kind], [way], ("de", "en"), [chance], [text], spaced=True)
        return found

    assert made("water", COMMON, UNTRANSLATED, 0.0) == "Wasser"
    other = made("House", COMMON, LEXICAL, 0.5)
    assert other is not None
    assert other[0].isupper()
    assert fold(other, "en") != "house"
    assert made("House", COMMON, LEXICAL, 0.5, f"the {fold(other, 'en')} there") != other
    form = made("identified", COMMON, FORM, 0.0)
    assert form is not None
    assert form.startswith("ident")
    assert made("house", COMMON, OTHER, 0.5) not in {None, "house", other}
    assert made("1812", NUMBER, OTHER, 0.0) is None
    name = made("Victoria", NAME, LEXICAL, 0.5)
    assert name in confusions("en")("Victoria")
    assert list(instead(["house"], [COMMON], [LEXICAL], ("de", "en"), [0.5], [Everything()], spaced=False)) == [None]


@pytest.mark.parametrize("spaced", [True, False])
def test_what_is_new_to_a_long_text_is_what_is_new_to_a_short_one(
    spaced: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(3)
    text = "".join(chance.choices("ab_'٣\u0301é .-", k=400))
    words = ["".join(chance.choices("ab_'٣\u0301é", k=chance.randint(1, 4))) for _ in range(2_000)]
    short = [is_new(word, text, spaced=spaced) for word in words]
    assert 200 < sum(short) < 1_800
    monkeypatch.setattr(mt_instead, "_LONG", 100)
    assert [is_new(word, text, spaced=spaced) for word in words] == short


def test_what_is_new_to_a_text() -> None:
    assert is_new("car", "a carpet, scar", spaced=True)
    assert not is_new("car", "a carpet and a car", spaced=True)
    assert not is_new("car", "a carpet", spaced=False)


@pytest.mark.parametrize(
    ("lang", "first", "second", "expected"),
    [
        ("en", "common", "rare", True),
        ("en", "equality", "inequality", True),
        ("en", "legal", "illegal", True),
        ("en", "common", "shared", False),
        ("es", "común", "raro", True),
        ("de", "groß", "klein", True),
        ("de", "groß", "weit", False),
    ],
)
def test_opposites(lang: str, first: str, second: str, expected: bool) -> None:
    assert opposite(first, second, lang) is expected
    assert opposite(second, first, lang) is expected


def test_no_class_loses_more_than_the_worst_system_does() -> None:
    for pair in (("hi", "en"), ("en", "ru"), ("en", "zh")):
        table = load_table(*pair)
        rates = table.rates()
        worst = table.counts[table.worst].outcomes
        for kind in range(len(CLASSES)):
            kept = worst[kind][0] / max(1, sum(worst[kind]))
            assert rates.lost_at(1.0)[kind] == rates.lost[kind]
            assert rates.lost_at(2.0)[kind] <= max(rates.lost[kind], 1 - kept) + 1e-12


def test_draws_are_by_weight_among_what_fits() -> None:
    options = Options.of([("a", 1.0), ("b", 2.0), ("c", 1.0)], "en")
    drawn = [options.drawn((number + 0.5) / 1000, "an b", spaced=True) for number in range(1000)]
    assert (drawn.count("a"), drawn.count("c")) == (500, 500)
    assert options.drawn(0.5, "a b c", spaced=True) is None
    assert options.drawn(0.5, "a b c", spaced=True, stays=lambda word: word == "c") == "c"
    assert Options.of([], "en").drawn(0.5, "", spaced=True) is None


def test_excess_by_hand() -> None:
    def counts(row: tuple[int, ...], moves: tuple[int, ...], added: tuple[int, int]) -> Counts:
        empty = (0,) * 6
        return Counts((row, empty, empty, empty, empty), moves, added)

    best = counts((80, 10, 5, 0, 0, 5), (8, 0), (10, 0))
    worse = counts((60, 28, 6, 0, 0, 6), (6, 6), (12, 3))
    rates = excess(best, worse)
    assert rates.lost[0] == pytest.approx(0.25)
    # dropped 0.18 / 0.9 = 0.2 of all words; the other 0.05 half lexical, half other
    assert rates.how[0].tolist() == pytest.approx([0.8, 0.9, 0.9, 0.9, 1.0])
    assert rates.moved == pytest.approx(0.1)
    assert rates.reach.tolist() == [0.0, 1.0]
    assert rates.added == pytest.approx((0.12 - 0.1 * 0.8, 0.03))
    assert not excess(best, best).lost.any()
    assert excess(worse, best).lost[0] == 0


def test_shipped_tables_are_whole() -> None:
    for lang in LANGUAGES:
        for pair in (("en", lang), (lang, "en")) if lang != "en" else ():
            table = load_table(*pair)
            assert table.best not in table.systems
            kept = [table.counts[name].kept for name in (table.best, *table.systems)]
            assert kept == sorted(kept, reverse=True)
            worst = table.rates()
            assert worst.lost[RARE] > worst.lost[COMMON]
            own = {
                fold(word.replace("_", " "), pair[1])
                for word in read_data("stopwords", f"{pair[1]}.json")["words"].split()
            }
            assert set(table.pool) <= own
            for system in table.systems:
                rates = table.rates(system)
                assert ((rates.lost >= 0) & (rates.lost <= 1)).all()
                assert (np.diff(rates.how, axis=1) >= -1e-12).all()


def test_sources_and_systems() -> None:
    assert MTChannel("tr").languages == {"en"}
    assert MTChannel("en").languages == set(LANGUAGES) - {"en"}
    assert MTChannel(system="opusmt").languages == {"ar", "el", "hi", "vi", "zh"}
    key = derive_key("x")
    for number in range(40):
        key = derive_key("system", number)
        if one(SENTENCES["hi"], "hi", key, 0.5, system="bergamot-tiny") != SENTENCES["hi"]:
            assert one(SENTENCES["hi"], "hi", key, 0.5) != SENTENCES["hi"]  # the worst system loses more of everything
    with pytest.raises(SpecError, match="source is one of"):
        MTChannel("sw")
    with pytest.raises(SpecError, match="no system 'systran'"):
        MTChannel(system="systran")
    with pytest.raises(NotApplicableError, match="does not know de"):
        one("Wasser", "de", key, 1.0, source="tr")
    with pytest.raises(DataError, match="robustir mt-channel build"):
        Table.from_json({"source": "en"})


def test_capitals_and_spaces() -> None:
    for line in channel("Water and bread of the house?", many=60, lost=0.3, strength=2.0, moved=0.2, added=(0.1, 0.1)):
        assert line[0].isupper()
        assert "  " not in line
        assert " ?" not in line
        assert line == line.strip()
    untranslated = channel("水和面包在房子里", many=20, lang="zh", lost=0.5, way=UNTRANSLATED)
    assert any(regex.search(r"\p{Han} \p{Latin}+ \p{Han}", line) for line in untranslated)


@pytest.mark.filterwarnings("error")
def test_the_least_severity_overflows_nothing() -> None:
    text = SENTENCES["de"]
    assert MTChannel()(text, lang="de", severity=5e-324, rng=Stream(derive_key("least"))) == text
