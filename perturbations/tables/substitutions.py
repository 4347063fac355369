"""Substitutions of characters by language: tables from data files, and their use on a block of texts at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from robustir.errors import DataError
from robustir.languages import has_spaces
from robustir.perturbations.shared.numbered_units import Units, word_units
from robustir.perturbations.typing.keyboards import read_data
from robustir.text.blocks import Block, ragged_arange
from robustir.text.splices import splice
from robustir.text.units import unit_spans

__all__ = ["Substitutions", "covered", "read_table", "replace_all", "replace_one", "substitutions"]

_PLACE, _ENTRY = 1, 2  # slots, after numbered_units.SELECT
_TOP: Final = 0xFFFF  # a noncharacter; code points above the BMP are looked up as this one


@cache
def covered(kind: str) -> frozenset[str]:
    """Return the languages that have a file in ``perturbations/data/<kind>``."""
    folder = files("robustir.perturbations") / "data" / kind
    return frozenset(path.name.removesuffix(".json") for path in folder.iterdir() if path.name.endswith(".json"))


@cache
def read_table(kind: str, lang: str, field: str) -> dict[str, tuple[str, ...]]:
    """Return one table of a data file: what may replace each string of one or two code points."""
    return {old: tuple(instead) for old, instead in read_data(kind, f"{lang}.json")[field].items()}


@cache
def substitutions(kind: str, lang: str, field: str) -> Substitutions:
    """Return one table of a data file, ready for :func:`replace_one` and :func:`replace_all`."""
    return Substitutions.of(read_table(kind, lang, field))


@dataclass(frozen=True, slots=True)
class Substitutions:
    """A table as arrays; row 0 stands for "nothing".

    single: int32 [0x10000], the row of each code point; opens: bool [0x10000], whether a pair begins with it;
    pairs: int64 [p], sorted, first << 21 | second; pair_row: int32 [p]. Row ``r`` may become one of the entries
    ``first[r]`` to ``first[r] + count[r] - 1``; entry ``e`` is ``codes[start[e] : start[e] + length[e]]``.
    """

    single: NDArray[np.int32]
    opens: NDArray[np.bool_]
    pairs: NDArray[np.int64]
    pair_row: NDArray[np.int32]
    first: NDArray[np.int64]
    count: NDArray[np.int64]
    start: NDArray[np.int64]
    length: NDArray[np.int64]
    codes: NDArray[np.uint32]

    @classmethod
    def of(cls, table: Mapping[str, Sequence[str]], *, same: bool = False) -> Self:
        """Make the arrays. Raises DataError for a key that is not one or two code points of the BMP, or has no other form.

        same: a key may be its own form, if keys are not the text's code points but what they look like.
        """
        single, opens = np.zeros(_TOP + 1, dtype=np.int32), np.zeros(_TOP + 1, dtype=bool)
        pairs: dict[int, int] = {}
        for row, (old, instead) in enumerate(table.items(), start=1):
            if len(old) not in (1, 2) or not instead or (old in instead and not same) or max(map(ord, old)) >= _TOP:
                raise DataError(
                    f"{old!r}: {list(instead)!r}: expected a key of one or two characters, and forms that differ from it"
                )
            if len(old) == 1:
                single[ord(old)] = row
            else:
                opens[ord(old[0])] = True
                pairs[ord(old[0]) << 21 | ord(old[1])] = row
        count = np.array([0, *map(len, table.values())], dtype=np.int64)
        entries = [entry for instead in table.values() for entry in instead]
        length = np.array([len(entry) for entry in entries], dtype=np.int64)
        return cls(
            single,
            opens,
            np.array(sorted(pairs), dtype=np.int64),
            np.array([pairs[key] for key in sorted(pairs)], dtype=np.int32),
            np.cumsum(count) - count,
            count,
            np.cumsum(length) - length,
            length,
            np.frombuffer("".join(entries).encode("utf-32-le"), dtype="<u4"),
        )

    def rows(self, codes: NDArray[np.uint32], at: NDArray[np.int64], joined: NDArray[np.bool_]) -> NDArray[np.int32]:
        """Return the rows of what begins at each place, int32 [places, 2]: the character, and with the next one.

        joined: bool [places], whether the next character belongs to the same unit.
        """
        character = np.minimum(codes[at], _TOP)
        rows = np.zeros((len(at), 2), dtype=np.int32)
        rows[:, 0] = self.single[character]
        if len(self.pairs):
            two = np.flatnonzero(self.opens[character] & joined)
            key = codes[at[two]].astype(np.int64) << 21 | codes[at[two] + 1]
            place = np.minimum(np.searchsorted(self.pairs, key), len(self.pairs) - 1)
            rows[two, 1] = np.where(self.pairs[place] == key, self.pair_row[place], 0)
        return rows

    def entries(self, row: NDArray[np.int32], drawn: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the entry that is drawn for each row; drawn: in [0, 1)."""
        return self.first[row] + (drawn * self.count[row]).astype(np.int64)


def _chosen(block: Block, lang: str, severity: float, keys: NDArray[np.uint64], *, segmented: bool = False) -> Units:
    """Choose among words; if the script has no spaces, among segmented words or grapheme clusters."""
    spaced = has_spaces(lang)
    units = word_units(block, lang) if segmented and not spaced else Units.of(block, *unit_spans(block, spaced=spaced))
    return units.take(units.chosen(keys, severity))


def _places(units: Units) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return every code point position in the units and which unit it belongs to."""
    length = units.stop - units.start
    return ragged_arange(units.start, length), np.repeat(np.arange(len(length)), length)


def replace_one(
    block: Block,
    table: Substitutions,
    lang: str,
    severity: float,
    keys: NDArray[np.uint64],
    *,
    seen: NDArray[np.uint32] | None = None,
    segmented: bool = False,
) -> Block:
    """Return the block with one substitution in each chosen unit that has any; keys: uint64 [texts, 2].

    segmented: whether the units of Thai and Chinese are words; else they are grapheme clusters.
    seen: uint32 [code points], what the table is asked about instead of the block's own code points.
    """
    units = _chosen(block, lang, severity, keys, segmented=segmented)
    at, owner = _places(units)
    rows = table.rows(block.codes if seen is None else seen, at, at + 1 < units.stop[owner]).ravel()
    sites = np.flatnonzero(rows)
    count = np.bincount(owner[sites // 2], minlength=len(units))
    some = np.flatnonzero(count)
    draws = units.take(some).draws(keys)
    site = sites[(np.cumsum(count) - count)[some] + (draws.uniform(_PLACE) * count[some]).astype(np.int64)]
    entry = table.entries(rows[site], draws.uniform(_ENTRY))
    start = at[site // 2]
    return splice(block, start, start + 1 + site % 2, table.codes, table.start[entry], table.length[entry])


def replace_all(
    block: Block,
    table: Substitutions,
    lang: str,
    severity: float,
    keys: NDArray[np.uint64],
    *,
    last: Substitutions | None = None,
) -> Block:
    """Return the block with all of each chosen unit that the table knows replaced, pairs before single characters.

    One draw per unit chooses among the entries, so that a word is spelled in one way throughout.
    last: a table of single characters that goes before the other for the last character of a unit.
    """
    units = _chosen(block, lang, severity, keys)
    at, owner = _places(units)
    rows = table.single[np.minimum(block.codes[at], _TOP)]
    stop = at + 1
    if len(table.pairs):
        pairs = table.rows(block.codes, at, stop < units.stop[owner])[:, 1]
        begun = np.flatnonzero(pairs)
        rows[begun], rows[begun + 1] = pairs[begun], 0
        stop[begun] += 1
    sites, drawn = np.flatnonzero(rows), units.draw(keys, _ENTRY)
    entry = table.entries(rows[sites], drawn[owner[sites]])
    start, length, codes = table.start[entry], table.length[entry], table.codes
    if last is not None:
        end_rows = last.single[np.minimum(block.codes[units.stop - 1], _TOP)]
        ended = np.flatnonzero(end_rows)
        end_sites = np.cumsum(units.stop - units.start)[ended] - 1
        others = ~np.isin(sites, end_sites)
        entry = last.entries(end_rows[ended], drawn[ended])
        start = np.concatenate([start[others], len(codes) + last.start[entry]])
        length = np.concatenate([length[others], last.length[entry]])
        sites, codes = np.concatenate([sites[others], end_sites]), np.concatenate([codes, last.codes])
        order = np.argsort(sites, kind="stable")
        sites, start, length = sites[order], start[order], length[order]
    return splice(block, at[sites], stop[sites], codes, start, length)
