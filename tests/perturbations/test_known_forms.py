"""Word forms looked up by hashes: the same numbers as by a dictionary of strings, whatever shares a place."""

from __future__ import annotations

import numpy as np
import pytest

from robustir.perturbations.shared import known_forms
from robustir.perturbations.shared.known_forms import KnownForms
from robustir.perturbations.shared.numbered_units import FEW, Units, word_units
from robustir.text.blocks import Block
from tests.strategies import LANGUAGES, SENTENCES


class _Numbered(KnownForms):
    """Forms by the order in which they come."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def value_of(self, form: str) -> int:
        self.asked.append(form)
        return len(self.asked) - 1


def _expected(forms: _Numbered, block: Block, units: Units) -> list[int]:
    return [
        forms.asked.index(block.text[start:stop])
        for start, stop in zip(units.start.tolist(), units.stop.tolist(), strict=True)
    ]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("bits", [3, 16])
def test_the_numbers_are_those_of_the_strings(lang: str, bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_forms, "_BITS", bits)  # with 3, most forms share a place
    forms = _Numbered()
    texts = [SENTENCES[lang][start:] for start in range(30)]
    for block in (Block.join(texts), Block.join(texts[::-1])):
        units = word_units(block, lang)
        assert len(units) * FEW >= len(block.codes)
        assert forms.values_of(block, units).tolist() == _expected(forms, block, units)
    assert len(set(forms.asked)) == len(forms.asked)


def test_a_form_is_looked_at_once() -> None:
    forms = _Numbered()
    block = Block.join(["ab ba ab", "\ud800b ab", "ba a b"])
    units = word_units(block, "en")
    found = forms.values_of(block, units)
    assert forms.asked == list(dict.fromkeys(units.strings(block)))
    assert forms.values_of(block, units).tolist() == found.tolist()
    assert len(forms.asked) == len(set(units.strings(block)))


def test_hashes_depend_on_what_a_word_reads_alone() -> None:
    block = Block.join(["ab", "x" * 500 + " ab ba aab"])
    units = word_units(block, "en")
    hashes = known_forms._hashes(block, units)
    of = dict(zip(units.strings(block), hashes.tolist(), strict=True))
    assert hashes[0] == hashes[2] == of["ab"]
    assert len(set(of.values())) == 4


def test_few_words_and_long_blocks_go_by_strings(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(block: Block, units: Units) -> np.ndarray:
        raise AssertionError

    monkeypatch.setattr(known_forms, "_hashes", refuse)
    forms = _Numbered()
    block = Block.join(["some word " * 40])
    assert forms.values_of(block, word_units(block, "en").take(np.array([0, 3]))).tolist() == [0, 1]
    monkeypatch.setattr(known_forms, "_LONGEST", 8)
    assert forms.values_of(block, word_units(block, "en")).tolist() == [0, 1] * 40
