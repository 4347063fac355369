from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from robustir.encoders.static import StaticEncoder
from robustir.encoders.training_record import read_training_record
from robustir.errors import DataError
from robustir.training.config import TrainingConfig
from robustir.training.data.glosses import gloss
from robustir.training.data.shelves import Shelf, read_pairs
from robustir.training.static.finish import finished, parallel_texts
from robustir.training.static.table import Bags
from robustir.training.trainer import train
from tests.training.tiny_pairs import SETTINGS, files, write_data

WORDS, DIMENSIONS = 40, 12
RANDOM = np.random.default_rng(3)


def two_languages() -> tuple[np.ndarray, dict[str, Bags]]:
    """One piece a word and language: the same meaning plus a strong sign of the language."""
    meaning = RANDOM.standard_normal((WORDS, DIMENSIONS))
    signs = 4 * RANDOM.standard_normal((2, 1, DIMENSIONS))
    table = np.concatenate([meaning + signs[0], meaning + 0.2 * RANDOM.standard_normal(meaning.shape) + signs[1]])
    texts = {
        lang: Bags.of([[first + word, first + (word + 1) % WORDS] for word in range(WORDS)])
        for lang, first in (("en", 0), ("de", WORDS))
    }
    return table.astype(np.float32), texts


def encoded(table: np.ndarray, bags: Bags) -> np.ndarray:
    summed = np.stack(
        [table[bags.pieces[begin:end]].sum(axis=0) for begin, end in zip(bags.offsets, bags.offsets[1:], strict=False)]
    )
    return np.asarray(summed / np.linalg.norm(summed, axis=1, keepdims=True))


def found_first(table: np.ndarray, texts: dict[str, Bags]) -> float:
    """The share of English texts whose translation precedes all other texts of both languages."""
    english, german = (encoded(table, texts[lang]) for lang in ("en", "de"))
    scores = english @ np.concatenate([german, english]).T
    scores[np.arange(WORDS), WORDS + np.arange(WORDS)] = -1
    return float((scores.argmax(axis=1) == np.arange(WORDS)).mean())


def test_translations_come_before_texts_of_the_same_language() -> None:
    table, texts = two_languages()
    assert found_first(table, texts) < 0.2
    free = finished(table, texts, language_free=True)
    assert found_first(free, texts) > 0.8
    means = np.stack([encoded(table, bags).mean(axis=0) for bags in texts.values()])
    # Nothing is left of the directions of the means, in any row; all others are as they were.
    assert np.abs(free @ means.T).max() < 1e-5
    span, _ = np.linalg.qr(means.T)
    np.testing.assert_allclose(free, table - table @ span @ span.T, atol=1e-5)


@pytest.mark.parametrize("whitening", [0.1, 0.5])
def test_variances_within_languages_take_the_power(whitening: float) -> None:
    table, texts = two_languages()
    new = finished(table, texts, whitening=whitening).astype(np.float64)
    change = np.linalg.lstsq(table.astype(np.float64), new, rcond=None)[0]
    vectors = [encoded(table, bags) for bags in texts.values()]
    centred = np.concatenate([found - found.mean(axis=0) for found in vectors])
    before, after = (np.linalg.eigvalsh(found.T @ found / len(found)) for found in (centred, centred @ change))
    ratio = after / before ** (1 - 2 * whitening)
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-4)


def test_the_directions_of_the_largest_variance_are_kept_and_turned() -> None:
    table, texts = two_languages()
    table[:, 5:] *= 0.01  # so that five directions hold nearly everything
    short, other = (finished(table, texts, reduced_to=5, seed=seed) for seed in (0, 1))
    assert short.shape == (len(table), 5)
    assert np.abs(short - other).max() > 0.1
    for one in (short, other):
        # Angles between rows are as they were, and the numbers of a row are less unequal than the directions.
        np.testing.assert_allclose(one @ one.T, table @ table.T, atol=0.05)
        power, of_directions = np.square(one).sum(axis=0), np.linalg.eigvalsh(one.T @ one)
        assert power.max() / power.min() < of_directions.max() / of_directions.min() / 2
    whole = finished(table, texts, reduced_to=DIMENSIONS)
    np.testing.assert_allclose(whole @ whole.T, table @ table.T, atol=1e-3)


def test_what_is_taken_out_takes_no_place_among_the_kept() -> None:
    table, texts = two_languages()
    kept = DIMENSIONS - len(texts)
    free = finished(table, texts, language_free=True)
    short = finished(table, texts, language_free=True, reduced_to=kept)
    np.testing.assert_allclose(short @ short.T, free @ free.T, atol=1e-3)
    padded = finished(table, texts, language_free=True, reduced_to=DIMENSIONS)
    assert padded.shape == table.shape
    np.testing.assert_allclose(padded @ padded.T, free @ free.T, atol=1e-3)


def test_parallel_texts_are_the_translations_in_most_languages() -> None:
    two = {"en": [0, 1, 2], "de": [3, 4, 5]}
    three = {"en": [0, 1], "de": [3, 4], "es": [6, 7]}
    shelves = [
        Shelf("tatoeba", ("en", "de"), two, two, whole=True),
        Shelf("flores", ("en", "de", "es"), three, three, whole=True),
        Shelf("contexts", ("en", "de", "es", "ru"), {}, {}, whole=False),
    ]
    assert {lang: rows.tolist() for lang, rows in parallel_texts(shelves).items()} == three
    assert parallel_texts(shelves[2:]) == {}


def test_a_finished_training_repeats_its_bytes_and_needs_translations(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    model = {
        "pieces": 130,
        "dimensions": 24,
        "language_free": True,
        "whitening": 0.1,
        "reduced_to": 16,
        "packed_bits": 4,
    }
    told = {**SETTINGS, "steps": 6, "batch": 24}
    plain = TrainingConfig.model_validate({**told, "model": {"pieces": 130, "dimensions": 16}})
    config = TrainingConfig.model_validate({**told, "model": model})
    for name, one in (("plain", plain), ("a", config), ("b", config)):
        train(one, data, tmp_path / name)
    assert files(tmp_path / "a") == files(tmp_path / "b")
    before, after = (
        StaticEncoder(str(tmp_path / name)).encode(["the dog", "der Hund"], role="query") for name in ("plain", "a")
    )
    packed = StaticEncoder(str(tmp_path / "a" / "packed")).encode(["the dog", "der Hund"], role="query")
    assert (packed * after).sum(axis=1).min() > 0.9
    assert "24 directions the 16 of the largest variance" in (tmp_path / "a" / "README.md").read_text(encoding="utf-8")
    assert before.shape == after.shape
    assert np.abs(before - after).max() > 1e-3
    alone = TrainingConfig.model_validate(
        {**told, "model": model, "sources": ["qa"], "sampling": "x-x", "languages": ["en"]}
    )
    with pytest.raises(DataError, match="need translations"):
        train(alone, data, tmp_path / "c")


def test_glosses_put_a_translation_for_each_word_that_has_one() -> None:
    assert gloss("The dog drinks water.", "de").split()[1::2] == ["Hund", "Wasser"]
    assert gloss("zzyzx 1858", "ru") == "zzyzx 1858"
    assert " " not in gloss("the water", "zh")


def test_glossed_questions_stand_in_every_language_and_are_recorded_as_mixed_text(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    pairs = read_pairs(data, ["glossed"], ["en", "de", "es"], longest=400)
    (shelf,) = pairs.shelves
    assert shelf.langs == ("en", "de", "es")
    assert not shelf.whole
    plain = read_pairs(data, ["qa"], ["en"], longest=400).shelves[0]
    assert len(shelf) + pairs.dropped["glossed"] == len(plain)
    told = {
        **SETTINGS,
        "sources": ["glossed", "flores"],
        "steps": 2,
        "batch": 8,
        "model": {"pieces": 130, "dimensions": 8},
    }
    train(TrainingConfig.model_validate(told), data, tmp_path / "run")
    record = read_training_record(tmp_path / "run")
    assert record is not None
    assert record.noise == ("code-switch",)
