"""Keyboard layouts as data: which keys are next to each other, and what else a key gives with Shift.

One JSON file per language in ``data/keyboards``: ``rows`` of keys from left to right (``_``: a key without a letter)
with the ``offset`` of the first key in key widths, after the staggered rows of ISO/IEC 9995-1; ``shift`` gives the
second level if it holds letters other than the capitals. ``source`` names the standard that the layout follows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from robustir.errors import NotApplicableError
from robustir.languages import LANGUAGES

__all__ = ["Layout", "layout", "read_data"]


@dataclass(frozen=True, slots=True)
class Layout:
    """One language's keyboard.

    neighbours: what the adjacent keys give on the same level, per character, nearest rows first in key order;
    other_level: what the same key gives with (or without) Shift; shifted: what needs Shift, other than capitals;
    accented: letters typed with a dead key; classes: in
    scripts whose signs need a place, the code points of each class; follow: which classes may come after which ("" is
    anything else); upper: capitals that differ from Unicode's.
    """

    language: str
    name: str
    source: str
    neighbours: Mapping[str, tuple[str, ...]]
    other_level: Mapping[str, str]
    input_method: str = ""
    shifted: frozenset[str] = frozenset()
    accented: str = ""
    classes: Mapping[str, str] = field(default_factory=dict)
    follow: Mapping[str, Sequence[str]] = field(default_factory=dict)
    upper: Mapping[str, str] = field(default_factory=dict)

    def capital(self, text: str) -> str:
        """Return ``text`` with its first character as a capital of this language."""
        return self.upper.get(text[0], text[0].upper()) + text[1:]


def read_data(*path: str) -> Any:
    """Read one JSON file of this package's data folder."""
    return json.loads(files("robustir.perturbations").joinpath("data", *path).read_text(encoding="utf-8"))


@cache
def layout(language: str) -> Layout:
    """Return the layout of a language; NotApplicableError names the languages that have one."""
    if language not in LANGUAGES:
        raise NotApplicableError(
            f"there is no keyboard layout for {language!r}; the languages with one are: {', '.join(LANGUAGES)}"
        )
    raw = read_data("keyboards", f"{language}.json")
    keys = _keys(read_data("keyboards", f"{raw['extends']}.json")["rows"] if "extends" in raw else raw["rows"])
    options = ("input_method", "accented", "classes", "follow", "upper")
    return Layout(
        language,
        raw["layout"],
        raw["source"],
        _neighbours(keys),
        {plain: shifted for levels in keys.values() if len(levels) == 2 for plain, shifted in (levels, levels[::-1])},
        shifted=frozenset(levels[1] for levels in keys.values() if len(levels) == 2),
        **{option: raw[option] for option in options if option in raw},
    )


def _keys(rows: list[dict[str, Any]]) -> dict[tuple[float, int], list[str]]:
    """Return what each key gives, by its position (x in key widths, row number); empty levels are left out."""
    keys: dict[tuple[float, int], list[str]] = {}
    for row in rows:
        plain = row["keys"].split()
        shifted = row.get("shift", "").split() or ["_"] * len(plain)
        for column, levels in enumerate(zip(plain, shifted, strict=True)):
            if levels != ("_", "_"):
                keys[row["offset"] + column, "EDCB".index(row["row"])] = list(levels)
    return keys


def _neighbours(keys: dict[tuple[float, int], list[str]]) -> dict[str, tuple[str, ...]]:
    """Two keys are neighbours if they touch: side by side, or in adjacent rows less than one key width apart."""
    near: dict[str, list[str]] = {}
    for (x, y), levels in keys.items():
        for (other_x, other_y), others in keys.items():
            away = abs(x - other_x)
            if (y == other_y and away == 1) or (abs(y - other_y) == 1 and away < 1):
                for key, neighbour in zip(levels, others, strict=True):
                    if "_" not in (key, neighbour) and key != neighbour:
                        near.setdefault(key, []).append(neighbour)
    return {key: tuple(others) for key, others in near.items()}
