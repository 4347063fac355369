"""What is encoded: each text once, in units that the plan alone determines."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from robustir.running.encoding import UNIT, TextIndex, VectorFile, needed_rows


def test_equal_texts_share_a_row_per_role() -> None:
    index = TextIndex(uses_langs=False)
    assert index.add("passage", ["a", "b", "a"], ["en", "en", "de"]).tolist() == [0, 1, 0]
    assert index.add("query", ["a", "b"], ["en", "en"]).tolist() == [2, 3]
    assert index.add("query", ["b", "c"], ["en", "en"]).tolist() == [3, 4]
    units = index.units(needed_rows(len(index), [np.array([0]), np.array([4])]))
    assert [(unit.first, unit.role, unit.texts) for unit in units] == [
        (0, "passage", ("a", "b")),
        (4, "query", ("c",)),
    ]


def test_the_language_tells_texts_apart_where_the_encoder_uses_it() -> None:
    index = TextIndex(uses_langs=True)
    assert index.add("query", ["a", "a", "a"], ["en", "de", "en"]).tolist() == [0, 1, 0]
    (unit,) = index.units(np.ones(2, dtype=np.bool_))
    assert (unit.texts, unit.langs) == (("a", "a"), ("en", "de"))


def test_unit_borders_do_not_depend_on_what_is_needed() -> None:
    index = TextIndex(uses_langs=False)
    texts = [str(row) for row in range(2 * UNIT + 3)]
    index.add("query", texts, ["en"] * len(texts))
    index.add("query", [], [])
    index.add("query", ["x"], ["en"])
    everything = index.units(np.ones(len(index), dtype=np.bool_))
    assert [(unit.first, len(unit.texts)) for unit in everything] == [
        (0, UNIT),
        (UNIT, UNIT),
        (2 * UNIT, 3),
        (2 * UNIT + 3, 1),
    ]
    some = index.units(needed_rows(len(index), [np.array([UNIT + 5]), np.array([2 * UNIT + 3])]))
    assert some == [everything[1], everything[3]]
    assert index.units(np.zeros(len(index), dtype=np.bool_)) == []


def test_vectors_are_read_back_and_deleted(tmp_path: Path) -> None:
    file = VectorFile(tmp_path / "work")
    file.reserve(3)
    file.write(1, np.array([[1, 2], [3, 4]], dtype=np.float32))
    file.write(0, np.array([[5, 6]], dtype=np.float32))
    assert np.load(file.path, mmap_mode="r").tolist() == [[5, 6], [1, 2], [3, 4]]
    file.close()
    assert not file.path.exists()
