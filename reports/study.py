"""A read-only view of findings and manifest: rows by key, and the names of a study in the suite's order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from robustir.analysis import TABLES
from robustir.analysis.claims import CURVE, Kind
from robustir.analysis.shown import shown_severity
from robustir.errors import InputError
from robustir.plugins.names import CONTROL_OF
from robustir.plugins.names import perturbation_names as short_names
from robustir.reports.formats import clean_text

if TYPE_CHECKING:
    from robustir.analysis import Findings
    from robustir.planning.suite import Suite
    from robustir.rundir.manifest import Manifest

__all__ = [
    "CONTROL_OF",
    "HUES",
    "MORE_ROBUST",
    "SETTINGS",
    "Row",
    "Study",
    "letter_set",
    "mean",
    "pair",
    "short_names",
    "value",
]

Row: TypeAlias = Mapping[str, Any]  # one row of a findings table; robustir.analysis.TABLES lists its columns
MORE_ROBUST = frozenset({Kind.MORE_ROBUST, Kind.OVERTAKES})
HUES = 6  # colours of encoders, which no two share
SETTINGS = ("mono", "cross", "cross-embedded", "multi")
_ONE_MEASURE = frozenset(
    {"scores", "contrasts", "curves", "areas", "comparisons", "language_comparisons", "strategies", "strategy_scores"}
    | {"rank_groups", "rank_pairs", "corruption", "variance", "trend", "orders", "agreement"}
)
_NOISES = frozenset({"perturbation", "natural", "synthetic"})  # columns with the spec of a noise


def value(row: Row, name: str) -> float:
    """Return a numeric column of a row; NaN if it has no number, or if the row is empty (not in the table).

    Raises KeyError for an unknown column.
    """
    if not row:
        return math.nan
    try:
        return float(row[name])
    except (TypeError, ValueError):
        return math.nan


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _ordered(present: Iterable[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """Order names as the suite does; names that the suite lacks follow in their order of appearance."""
    names = _unique(present)
    place = {name: position for position, name in enumerate(wanted)}
    return tuple(sorted(names, key=lambda name: place.get(name, len(place))))


def _clean(record: Row, short: Mapping[str, str]) -> Row:
    cleaned = {name: clean_text(item) if isinstance(item, str) else item for name, item in record.items()}
    for name in _NOISES & cleaned.keys():
        cleaned[name] = short.get(cleaned[name], cleaned[name])
    return cleaned


@dataclass(frozen=True)
class Study:
    """Findings as records, with an index per requested combination of columns.

    ``measure`` is the suite's first measure that has scores: all main results use it. ``short`` maps the spec of every
    perturbation to its name in text and tables; the records use the names. ``changed``: statistics that the run did not
    declare.
    """

    frames: Mapping[str, Sequence[Row]]
    manifest: Manifest
    measure: str
    short: Mapping[str, str] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    _indexes: dict[tuple[str, tuple[str, ...]], dict[tuple[Any, ...], list[Row]]] = field(
        default_factory=dict, repr=False
    )

    @classmethod
    def read(cls, findings: Findings, manifest: Manifest | None, measure: str | None = None) -> Study:
        """Read the tables as records of one measure (by default the main one), with texts that every output can hold.

        Rows under attacks go to their own frames (``attack_contrasts``), so that no other section shows them.
        """
        if manifest is None:
            raise InputError("these findings do not name their run; give its manifest, such as  run.read_manifest()")
        wanted = manifest.suite.measures
        measure = measure or next(iter(_ordered(findings.scores["measure"].unique(), wanted)), "AP")
        short = short_names(clean_text(entry.name) for entry in manifest.perturbations)
        attacks = {short[clean_text(entry.name)] for entry in manifest.perturbations if entry.attacked}
        frames: dict[str, Sequence[Row]] = {}
        for name, frame in findings.tables().items():
            kept: Any = frame[frame["measure"] == measure] if name in _ONE_MEASURE else frame
            records = [_clean(record, short) for record in kept.to_dict("records")]
            frames[name] = [record for record in records if record.get("perturbation") not in attacks]
            frames[f"attack_{name}"] = [record for record in records if record.get("perturbation") in attacks]
        return cls(frames, manifest, measure, short, findings.changed)

    def rows(self, frame: str, **where: object) -> list[Row]:
        """Return the rows whose columns equal the given values, in the table's order.

        Raises KeyError if the table has no such column.
        """
        columns = tuple(sorted(where))
        if unknown := set(columns) - set(TABLES[frame.removeprefix("attack_")]):
            raise KeyError(f"the table {frame} has no column {min(unknown)!r}")
        index = self._indexes.get((frame, columns))
        if index is None:
            index = {}
            for row in self.frames[frame]:
                index.setdefault(tuple(row[column] for column in columns), []).append(row)
            self._indexes[frame, columns] = index
        return index.get(tuple(where[column] for column in columns), [])

    def perturbation_blocks(self, size: int = 3) -> list[tuple[str, ...]]:
        """Return the perturbations in blocks of ``size``: more do not fit beside one another."""
        names = self.perturbations
        return [names[start : start + size] for start in range(0, len(names), size)]

    @property
    def suite(self) -> Suite:
        """The resolved suite."""
        return self.manifest.suite

    @cached_property
    def benchmarks(self) -> tuple[str, ...]:
        """Benchmarks that have scores, in order of appearance."""
        return _unique(row["benchmark"] for row in self.frames["scores"])

    @cached_property
    def encoders(self) -> tuple[str, ...]:
        """Encoders that have scores, in the order of their letters: as given, or if colours do not suffice, the best first."""
        names = [clean_text(entry.name) for entry in self.manifest.encoders]
        given = _ordered((row["encoder"] for row in self.frames["scores"]), names)
        return given if len(given) <= HUES else self.by_score(given, self.benchmarks[0])

    def by_score(self, encoders: Iterable[str], benchmark: str) -> tuple[str, ...]:
        """Return encoders by their scores under noise, or else clean ones, in a benchmark's first setting; near the floor last."""
        setting = next(iter(self.settings(benchmark)), "")
        where = {"benchmark": benchmark, "setting": setting}

        def place(encoder: str) -> tuple[bool, float]:
            rows = self.macro("contrasts", **where, encoder=encoder)
            shown = {row["perturbation"]: self.severity_of(benchmark, row["perturbation"]) for row in rows}
            score = mean(value(row, "noisy") for row in rows if value(row, "severity") == shown[row["perturbation"]])
            if not math.isfinite(score):
                score = mean(value(row, "clean") for row in self.macro("scores", **where, encoder=encoder))
            return self.near_floor(benchmark, setting, encoder), -score if math.isfinite(score) else math.inf

        return tuple(sorted(encoders, key=place))

    @cached_property
    def perturbations(self) -> tuple[str, ...]:
        """Perturbations that were run, in the suite's order."""
        seen = [row["perturbation"] for name in ("contrasts", "validity") for row in self.frames[name]]
        wanted = [clean_text(entry.name) for entry in self.manifest.perturbations]
        return _ordered(seen, [self.short.get(name, name) for name in wanted])

    @cached_property
    def scored(self) -> tuple[str, ...]:
        """Perturbations that have scores, in the suite's order."""
        there = {row["perturbation"] for row in self.frames["contrasts"]}
        return tuple(name for name in self.perturbations if name in there)

    @cached_property
    def attacks(self) -> tuple[str, ...]:
        """Attacks that have scores, without their random controls."""
        rows = self.frames["attack_contrasts"]
        return _unique(row["perturbation"] for row in rows if not row.get("control", False))

    @property
    def wanted_noise(self) -> bool:
        """Whether the run had any perturbation or attack, whatever came of it."""
        return bool(self.manifest.perturbations)

    @cached_property
    def severities(self) -> tuple[float, ...]:
        """Severities above 0 with contrasts, ascending."""
        return tuple(sorted({value(row, "severity") for row in self.frames["contrasts"]}))

    def on(self, benchmark: str) -> str:
        """Return " on " and the benchmark, for captions; "" if it is the only one."""
        return f" on {benchmark}" if len(self.benchmarks) > 1 else ""

    def settings(self, benchmark: str) -> tuple[str, ...]:
        """Settings with scores: mono, cross, multi."""
        return _ordered((row["setting"] for row in self.rows("scores", benchmark=benchmark)), SETTINGS)

    def settings_note(self, benchmark: str) -> str:
        """Why a benchmark lacks a setting, as its loader says; "" where it has all."""
        return next((entry.settings_note for entry in self.manifest.benchmarks if entry.name == benchmark), "")

    def notes(self, benchmark: str) -> tuple[str, ...]:
        """The loader's notes for readers of the scores: on a benchmark's data and judgements."""
        return next((entry.notes for entry in self.manifest.benchmarks if entry.name == benchmark), ())

    def in_domain(self, benchmark: str, encoder: str) -> bool:
        """Whether the encoder was trained on sentences of the benchmark's own collection."""
        return any(row["in_domain"] for row in self.rows("scores", benchmark=benchmark, encoder=encoder))

    def languages(self, benchmark: str) -> tuple[str, ...]:
        """Query languages of a benchmark, by code."""
        return tuple(sorted({row["query_lang"] for row in self.rows("scores", benchmark=benchmark)} - {"all", ""}))

    @cached_property
    def shown_severity(self) -> float:
        """The severity that heat maps and macro tables show (NaN without contrasts)."""
        return shown_severity(self.severities)

    def severity_of(self, benchmark: str, perturbation: str) -> float:
        """The severity shown for one perturbation or attack, which may have its own severities (NaN if not run)."""
        where = {"benchmark": benchmark, "perturbation": perturbation}
        rows = [*self.rows("contrasts", **where), *self.rows("attack_contrasts", **where)]
        return shown_severity(value(row, "severity") for row in rows)

    def macro(self, frame: str, **where: object) -> list[Row]:
        """Return the macro-average rows of the main measure."""
        return self.rows(frame, query_lang="all", passage_lang="all", **where)

    def compared(self, benchmark: str, setting: str, perturbation: str) -> list[Row]:
        """Return the comparisons of encoders, or of strategies, that readers see of one noise.

        These are over the whole curve, which is what a run declares, or at the shown severity if there is no curve.
        """
        where = {"benchmark": benchmark, "setting": setting, "perturbation": perturbation}
        shown = f"{self.severity_of(benchmark, perturbation):.10g}"
        for severity in (CURVE, shown):
            rows = [
                *self.rows("comparisons", **where, severity=severity),
                *self.rows("attack_comparisons", **where, severity=severity),
                *self.rows("strategies", **where, severity=severity, quantity="degradation"),
                *self.rows("attack_strategies", **where, severity=severity, quantity="degradation"),
            ]
            if rows:
                return rows
        return []

    def key(self, encoder: str) -> int | None:
        """Return the number of an encoder, which decides its letter and colour in the whole report; None of another name."""
        return self.encoders.index(encoder) if encoder in self.encoders else None

    def near_floor(self, benchmark: str, setting: str, encoder: str) -> bool:
        """Whether an encoder's clean score is near the floor, so that the findings make no claim about its loss."""
        rows = self.macro("scores", benchmark=benchmark, setting=setting, encoder=encoder)
        return bool(rows) and bool(rows[0]["near_floor"])


def pair(row: Row) -> tuple[str, str]:
    """Return the two encoders, or strategies, of a comparison."""
    kind = "strategy" if "strategy_a" in row else "encoder"
    return row[f"{kind}_a"], row[f"{kind}_b"]


def letter_set(row: Row) -> frozenset[str]:
    """Return the letters of an encoder in ``rank_groups``: encoders that share one can't be told apart."""
    letters = str(row["letters"])
    return frozenset(letters.split(",") if "," in letters else letters)


def mean(values: Iterable[float]) -> float:
    """Return the mean of the finite values, NaN without any."""
    finite = [item for item in values if math.isfinite(item)]
    return math.fsum(finite) / len(finite) if finite else math.nan
