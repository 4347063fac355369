"""Indexes as values: ``ivf(nlist=1024)`` says how near passages are looked for, is hashable, and prints as it is parsed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from robustir.errors import InputError, SpecError
from robustir.plugins.specs import Spec, parse

__all__ = ["EXACT", "INDEXES", "IndexKind", "parse_index"]


@dataclass(frozen=True, slots=True)
class _Definition:
    """A kind: its numbers with defaults, and one line on it."""

    numbers: Mapping[str, int]
    description: str


_DEPTH = {"k": 1000}
_LISTS = {"nlist": 1024, "nprobe": 32}
_CODES = {"m": 48, "bits": 8}
INDEXES: Mapping[str, _Definition] = {
    "exact": _Definition({}, "every passage, by the rank kernel: exact ranks of any depth"),
    "flat": _Definition(_DEPTH, "every passage, by faiss: exact to the depth k"),
    "ivf": _Definition(_LISTS | _DEPTH, "the passages of the nprobe nearest of nlist clusters"),
    "hnsw": _Definition(
        {"m": 32, "construction": 200} | _DEPTH, "a graph of passages with m neighbours each, searched k wide"
    ),
    "pq": _Definition(_CODES | _DEPTH, "every passage, as m codes of some bits each"),
    "ivfpq": _Definition(_LISTS | _CODES | _DEPTH, "the passages of the nearest clusters, as codes"),
}
_MOST = {"nlist": 2**24, "nprobe": 2**24, "m": 4096, "bits": 12, "construction": 10_000, "k": 100_000}


@dataclass(frozen=True, slots=True)
class IndexKind:
    """How passages near a query are found.

    Args:
        name: one of ``INDEXES``.
        numbers: its numbers by name: nlist clusters, of which nprobe are searched; m codes of ``bits`` bits per vector, or m
            neighbours in a graph built ``construction`` wide; k passages are retrieved per query and language.
    """

    name: str
    numbers: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return str(Spec(self.name, (), tuple(self.numbers.items())))

    def __hash__(self) -> int:
        return hash(str(self))

    @property
    def exact(self) -> bool:
        """Whether the rank kernel searches, without an index."""
        return self.name == "exact"

    @property
    def approximate(self) -> bool:
        """Whether it may miss a passage that is among the k nearest."""
        return self.name not in {"exact", "flat"}

    @property
    def depth(self) -> int:
        """How many passages are retrieved per query and language; 0: all are ranked."""
        return self.numbers.get("k", 0)

    def least(self) -> int:
        """Return how many passages a collection needs."""
        codes = 2 ** self.numbers["bits"] if "bits" in self.numbers else 1
        return max(self.numbers.get("nlist", 1), codes)

    def check_size(self, passages: int, where: str) -> None:
        """Raise InputError if a collection of ``where`` is too small for the index to be trained."""
        if passages >= self.numbers.get("nlist", 1) and passages >= self.least():
            return
        lists = self.numbers.get("nlist", 1)
        why = (
            f"nlist={lists} clusters need as many passages: use nlist={max(1, passages // 40)} or less"
            if passages < lists
            else f"codes of {self.numbers['bits']} bits need {2 ** self.numbers['bits']} passages to be trained on: use fewer bits"
        )
        raise InputError(f"--index {self}: {where} has {passages:,} passages; {why}, or search exactly")

    def check_width(self, dimensions: int, encoder: str) -> None:
        """Raise InputError if vectors cannot be cut into codes."""
        if "bits" in self.numbers and dimensions % self.numbers["m"]:
            fitting = max(m for m in range(1, self.numbers["m"] + 1) if dimensions % m == 0)
            raise InputError(
                f"--index {self}: the {dimensions} dimensions of {encoder} cannot be cut into m={self.numbers['m']} equal "
                f"parts: use, for example, m={fitting}"
            )

    def bytes_per_passage(self, dimensions: int) -> int:
        """Return about how many bytes of the index a passage takes."""
        code = self.numbers["m"] * self.numbers["bits"] // 8 if "bits" in self.numbers else 4 * dimensions
        links = 4 * (2 * self.numbers["m"] + 2) if self.name == "hnsw" else 0
        ids = 8 if "nlist" in self.numbers else 0
        return code + links + ids

    def scored_share(self, passages: int) -> float:
        """Return the share of the passages that a query is compared with, about; of a graph what it visits."""
        if "nlist" in self.numbers:
            lists, probed = self.numbers["nlist"], min(self.numbers["nprobe"], self.numbers["nlist"])
            return min(1.0, probed / lists + lists / passages)
        return min(1.0, self.depth * self.numbers["m"] / passages) if self.name == "hnsw" else 1.0

    @classmethod
    def of(cls, spec: Spec) -> Self:
        """Return the index of a spec; raise SpecError for an unknown kind, a number it does not have, or one out of range."""
        known = INDEXES.get(spec.name)
        if known is None:
            raise SpecError(
                f"{str(spec)!r} is not an index; indexes are: {', '.join(INDEXES)}  (docs/large-collections.md)"
            )
        if spec.args:
            raise SpecError(f"{spec}: name the numbers, as in  {_example(spec.name, known)}")
        numbers = dict(known.numbers)
        for name, value in spec.kwargs:
            if name not in numbers:
                has = f"has the numbers {', '.join(numbers)}" if numbers else "has no numbers"
                raise SpecError(f"{spec}: {spec.name} {has}, not {name}")
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST[name]:
                raise SpecError(f"{spec}: {name} must be a whole number from 1 to {_MOST[name]:,}, not {value!r}")
            numbers[name] = value
        if numbers.get("nprobe", 0) > numbers.get("nlist", 0):
            if "nprobe" in dict(spec.kwargs):
                raise SpecError(
                    f"{spec}: nprobe={numbers['nprobe']} is more than the nlist={numbers['nlist']} clusters"
                )
            numbers["nprobe"] = numbers["nlist"]
        return cls(spec.name, numbers)


EXACT = IndexKind("exact")


def _example(name: str, known: _Definition) -> str:
    return str(Spec(name, (), tuple(known.numbers.items())[:1]))


def parse_index(text: str) -> IndexKind:
    """Return the index that ``text`` names, such as ``exact``, ``flat`` or ``ivf(nlist=1024)``; raise SpecError otherwise."""
    return IndexKind.of(parse(text))
