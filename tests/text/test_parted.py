from __future__ import annotations

import random
import time

import pytest
from rapidfuzz.distance import Levenshtein

from robustir.text import distance
from robustir.text.distance import realised_dose
from robustir.text.parted import parted_distance

WORDS = ("river", "longest", "who", "was", "president", "of", "1999", "the", "in", "flows", "where", "Maria")


def words(number: int, seed: int) -> list[str]:
    return random.Random(seed).choices(WORDS, k=number)


def edited(clean: list[str], share: float, seed: int) -> list[str]:
    """Change letters of some words, and leave out or repeat a few."""
    chance = random.Random(seed)
    noisy = []
    for word in clean:
        if chance.random() < share:
            place = chance.randrange(len(word))
            word = chance.choice(
                (word[:place] + "z" + word[place:], word[:place] + word[place + 1 :], f"{word} {word}")
            )
        noisy.append(word)
    return noisy


@pytest.mark.parametrize("share", [0.0, 0.02, 0.2, 0.5])
def test_it_is_the_distance_where_noise_is_local(share: float) -> None:
    clean, noisy = words(8_000, 1), edited(words(8_000, 1), share, 2)
    one, other = " ".join(clean), " ".join(noisy)
    whole = Levenshtein.distance(one, other)
    parts = parted_distance(one, other)
    assert whole <= parts <= whole * 1.002
    assert len(one) > 40_000  # several parts


def test_it_is_never_less_than_the_distance() -> None:
    chance = random.Random(3)
    for _ in range(5):
        one, other = ("".join(chance.choices("ab c", k=chance.randrange(20_000, 60_000))) for _ in range(2))
        moved = other[9_000:] + other[:9_000]
        for before, after in ((one, other), (one, one[5_000:]), (other, moved), (one, "x" * 30_000)):
            whole = Levenshtein.distance(before, after)
            assert whole <= parted_distance(before, after) <= max(len(before), len(after))


def test_texts_of_a_block_keep_their_distances_beside_a_long_one(monkeypatch: pytest.MonkeyPatch) -> None:
    short = [" ".join(words(9, seed)) for seed in range(6)]
    noisy = [" ".join(edited(words(9, seed), 0.5, seed)) for seed in range(6)]
    long, long_noisy = " ".join(words(5_000, 9)), " ".join(edited(words(5_000, 9), 0.3, 9))
    alone = realised_dose(short, noisy, ["en"] * 6)
    whole = realised_dose([long], [long_noisy], ["en"])
    monkeypatch.setattr(distance, "_LONG", 1_000)
    both = realised_dose([*short[:3], long, *short[3:]], [*noisy[:3], long_noisy, *noisy[3:]], ["en"] * 7)
    for column in ("char_error_rate", "word_edit_rate"):
        of_both, of_alone = getattr(both, column).tolist(), getattr(alone, column).tolist()
        assert of_both[:3] + of_both[4:] == of_alone
        assert getattr(whole, column)[0] <= of_both[3] <= getattr(whole, column)[0] * 1.005


def test_a_million_characters_take_ten_times_a_hundred_thousand() -> None:
    seconds = []
    for number in (18_500, 185_000):
        one, other = " ".join(words(number, 1)), " ".join(edited(words(number, 1), 0.2, 2))
        assert len(one) > 5.4 * number
        begin = time.process_time()
        parted_distance(one, other)
        seconds.append(time.process_time() - begin)
    assert seconds[1] < 25 * seconds[0]  # 100 times if it grew with the square
