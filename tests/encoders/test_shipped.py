from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from robustir.encoders.hashing import HashingEncoder
from robustir.encoders.shipped import StaticHybrid, StaticXX, StaticXY
from robustir.encoders.static import StaticEncoder
from robustir.training.card import model_card
from robustir.training.data.shelves import LICENCES

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "mini"
LANGS = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
SHIPPED: tuple[Callable[[], StaticEncoder], ...] = (StaticXX, StaticXY, StaticHybrid)


def columns() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    rows = {
        lang: [json.loads(line) for line in (FOLDER / f"{lang}.jsonl").read_text(encoding="utf-8").splitlines()]
        for lang in LANGS
    }
    return tuple(  # type: ignore[return-value]
        {lang: [row[side] for row in found] for lang, found in rows.items()} for side in ("question", "passage")
    )


def reciprocal_rank(queries: NDArray[np.float32], passages: NDArray[np.float32]) -> float:
    scores = queries @ passages.T
    return float((1 / (scores >= scores.diagonal()[:, None]).sum(axis=1)).mean())


def cross(encoder: StaticEncoder | HashingEncoder) -> float:
    """The mean reciprocal rank of the passage over all pairs of two languages of mini."""
    questions, passages = columns()
    left = {lang: encoder.encode(texts, role="query") for lang, texts in questions.items()}
    right = {lang: encoder.encode(texts, role="passage") for lang, texts in passages.items()}
    found = [reciprocal_rank(left[one], right[other]) for one in LANGS for other in LANGS if one != other]
    return float(np.mean(found))


@pytest.mark.parametrize("made", SHIPPED)
def test_they_load_and_encode_the_same_twice(made: Callable[[], StaticEncoder]) -> None:
    texts = ["Where is the Nile?", "Wo ist der Nil?", "แม่น้ำไนล์อยู่ที่ไหน", ""]
    one, two = made().encode(texts, role="query"), made().encode(texts[::-1], role="passage")[::-1]
    assert one.shape == (4, 720)
    assert one.dtype == np.float32
    assert np.array_equal(one, two)
    assert np.linalg.norm(one, axis=1) == pytest.approx([1, 1, 1, 0], abs=1e-5)


@pytest.mark.parametrize("made", SHIPPED)
def test_a_folder_has_ten_megabytes_at_most_and_a_card(made: Callable[[], StaticEncoder]) -> None:
    folder = made().folder
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 10_000_000
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert f"# {folder.name}\n" in card
    record = made().training
    assert record is not None
    assert record.name == folder.name
    assert [record.in_domain(name) for name in ("tatoeba", "wmt", "flores-dev", "flores", "ntrex", "xquad-r")] == [
        True, True, True, False, False, False,
    ]  # fmt: skip
    manifest = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    assert card == model_card(manifest)
    assert manifest["licences"] == {source: LICENCES[source] for source in manifest["configuration"]["sources"]}
    for needed in ("CC BY 2.0 FR", "CC BY-SA 4.0", "TQuAD", "CMRC", "In-domain"):
        assert needed in card


def test_they_cross_languages_where_hashing_does_not() -> None:
    hashing, monolingual, hybrid = cross(HashingEncoder()), cross(StaticXX()), cross(StaticHybrid())
    assert hybrid > 0.2
    assert hybrid > 2 * hashing
    assert cross(StaticXY()) > 2 * hashing
    assert hybrid > monolingual
