"""The rules that say which noisy queries may mean something else, on texts whose answer is known."""

from __future__ import annotations

import pytest

from robustir.text.distance import realised_dose
from robustir.text.kept import essentials, lost_meaning


def rejected(clean: str, noisy: str, lang: str = "en", *, characters: float = 0.5, protected: bool = True) -> bool:
    changed = float(realised_dose([clean], [noisy], [lang]).char_error_rate[0])
    return lost_meaning(
        clean, noisy, essentials([clean], lang)[0], changed=changed, characters=characters, protected=protected
    )


@pytest.mark.parametrize(
    ("clean", "noisy", "lang"),
    [
        ("when did Super Bowl 50 take place", "when did Super Bowl 51 take place", "en"),  # another number
        ("when did Super Bowl 50 take place", "when did Super Bowl take place", "en"),  # no number
        ("where was Tesla born", "where was he born", "en"),  # no name
        ("which cities are not in France", "which cities are in France", "en"),  # no negation
        ("who doesn't pay taxes", "who does pay taxes", "en"),
        ("welche Stadt ist nicht die Hauptstadt", "welche Stadt ist die Hauptstadt", "de"),
        ("谁不是总统", "谁是总统", "zh"),
        ("какой город не является столицей", "какой город является столицей", "ru"),
        ("what is the capital", "wxyz qq", "en"),  # hardly a character is left
    ],
)
def test_what_may_mean_something_else_is_rejected(clean: str, noisy: str, lang: str) -> None:
    assert rejected(clean, noisy, lang)


@pytest.mark.parametrize(
    ("clean", "noisy", "lang"),
    [
        ("when did Super Bowl 50 take place", "wehn did Suepr Bolw 50 tkae place", "en"),  # typing errors
        ("which cities are not in France", "cities which in france are nto", "en"),  # another order, another case
        ("where was Tesla born", "where tesla born", "en"),  # a stop word less
        ("ποια πόλη δεν είναι πρωτεύουσα", "ποια πολη δεν ειναι πρωτευουσα", "el"),  # no accents
        ("какой город столица России", "kakoy gorod stolitsa Rossii", "ru"),  # another script: not judged
    ],
)
def test_what_can_mean_the_same_is_kept(clean: str, noisy: str, lang: str) -> None:
    assert not rejected(clean, noisy, lang)


def test_the_suite_sets_the_rules() -> None:
    clean, noisy = "where was Tesla born", "where was he born"
    assert not rejected(clean, noisy, protected=False)
    assert rejected(clean, noisy, protected=False, characters=0.9)
