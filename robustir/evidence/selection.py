"""Which cells of a run are meant: by benchmark, encoder and condition, as a user names them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from robustir.errors import UnknownNameError
from robustir.evidence.gather import StoredBenchmark, benchmarks
from robustir.planning.conditions import FLOOR
from robustir.plugins.names import perturbation_names, resolve_name
from robustir.rundir.directory import RunDirectory
from robustir.rundir.manifest import CellEntry
from robustir.types import Setting

__all__ = ["Selection", "chosen_cells"]

_CLEAN = "clean"


@dataclass(frozen=True, slots=True)
class Selection:
    """What is wanted of a run; None: all of it. Names may be specs, names as reports have them, or a part of one alone.

    perturbation: "" and "clean" are the queries as they came.
    """

    benchmark: str | None = None
    encoder: str | None = None
    perturbation: str | None = None
    severity: float | None = None
    draw: int | None = None
    setting: Setting | None = None


def chosen_cells(run: RunDirectory, wanted: Selection) -> list[tuple[StoredBenchmark, list[CellEntry]]]:
    """Return the benchmarks that have wanted cells, with these; cells of the floor are left out.

    Raises UnknownNameError that says what the run has if something that is named is not in it.
    """
    manifest = run.read_manifest()
    stored = benchmarks(run)
    names = {
        "benchmark": {row.name: row.spec for row in manifest.benchmarks},
        "encoder": {row.name: row.spec for row in manifest.encoders},
        "perturbation": {row.name: row.spec for row in manifest.perturbations},
    }
    benchmark = _resolved(wanted.benchmark, names["benchmark"], "benchmark")
    encoder = _resolved(wanted.encoder, names["encoder"], "encoder")
    perturbation = _perturbation(wanted.perturbation, names["perturbation"])
    asked_for: dict[str, Any] = {"perturbation": perturbation, "severity": wanted.severity, "draw": wanted.draw}
    found = []
    for one in stored:
        if benchmark in {None, one.name} and _has_setting(one, wanted.setting, several=len(stored) > 1):
            cells = [cell for cell in one.cells(encoder) if cell.perturbation != FLOOR.perturbation]
            found.append((one, cells))
    for name, asked in asked_for.items():
        if asked is not None:
            kept = [(one, [cell for cell in cells if _is(getattr(cell, name), asked)]) for one, cells in found]
            if not any(cells for _, cells in kept):
                raise UnknownNameError(f"{run.path} has no {name} {asked} here; {_there(found, name)}")
            found = kept
    return [(one, cells) for one, cells in found if cells]


def _is(there: Any, asked: Any) -> bool:
    return math.isclose(there, asked) if isinstance(asked, float) else bool(there == asked)


def _resolved(asked: str | None, names: Mapping[str, str], kind: str) -> str | None:
    return None if asked is None else resolve_name(asked, names, kind)


def _perturbation(asked: str | None, names: Mapping[str, str]) -> str | None:
    if asked is None or asked in {"", _CLEAN}:
        return None if asked is None else ""
    shown = {short: name for name, short in perturbation_names(names).items()}
    return shown[resolve_name(asked, {short: names[name] for short, name in shown.items()}, "perturbation")]


def _has_setting(one: StoredBenchmark, setting: Setting | None, *, several: bool) -> bool:
    there = one.task.settings
    if setting is not None and setting not in there and not several:
        raise UnknownNameError(f"{one.name} has no setting {setting}; it has: {', '.join(there)}")
    return setting is None or setting in there


def _there(found: Iterable[tuple[StoredBenchmark, list[CellEntry]]], name: str) -> str:
    values = sorted({getattr(cell, name) for _, cells in found for cell in cells})
    return f"it has: {', '.join(value or _CLEAN if isinstance(value, str) else f'{value:g}' for value in values)}"
