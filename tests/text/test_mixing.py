"""The code-mixing index, by hand."""

from __future__ import annotations

import pytest

from robustir.text.mixing import code_mixing_index, mixing_index, replaced_words


@pytest.mark.parametrize(
    ("matrix", "embedded", "expected"), [(0, 0, 0), (4, 0, 0), (0, 4, 0), (3, 1, 25), (2, 2, 50), (1, 4, 20)]
)
def test_index(matrix: int, embedded: int, expected: float) -> None:
    assert code_mixing_index(matrix, embedded) == pytest.approx(expected)


def test_from_words() -> None:
    clean = ["wo", "ist", "die", "Brücke", "von", "1812"]
    assert mixing_index(clean, clean) == 0
    assert mixing_index(clean, ["wo", "ist", "the", "bridge", "von", "1812"]) == pytest.approx(40)
    assert replaced_words(["a", "a", "b"], ["a", "c", "b"]) == 1
