"""Choosing cells of a run by benchmark, encoder and condition, as a user names them."""

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
    """A choice of cells; None: all. Names may be specs, names in reports, or an unambiguous part of either.

    perturbation: "" or "clean" for the clean queries.
    """

    benchmark: str | None = None
    encoder: str | None = None
    perturbation: str | None = None
    severity: float | None = None
    draw: int | None = None
    setting: Setting | None = None


def chosen_cells(run: RunDirectory, wanted: Selection) -> list[tuple[StoredBenchmark, list[CellEntry]]]:
    """Return the benchmarks with chosen cells, and these cells; cells of the floor are left out.

    Raises:
        UnknownNameError: for a name, severity, draw or setting that the run does not have; says what it has.
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
    chosen = []
    for entry in stored:
        if benchmark in {None, entry.name} and _has_setting(entry, wanted.setting, several=len(stored) > 1):
            cells = [cell for cell in entry.cells(encoder) if cell.perturbation != FLOOR.perturbation]
            chosen.append((entry, cells))
    for name, asked in asked_for.items():
        if asked is not None:
            kept = [(entry, [cell for cell in cells if _is(getattr(cell, name), asked)]) for entry, cells in chosen]
            if not any(cells for _, cells in kept):
                raise UnknownNameError(f"{run.path} has no {name} {asked} here; {_known(chosen, name)}")
            chosen = kept
    return [(entry, cells) for entry, cells in chosen if cells]


def _is(value: Any, asked: Any) -> bool:
    return math.isclose(value, asked) if isinstance(asked, float) else bool(value == asked)


def _resolved(asked: str | None, names: Mapping[str, str], kind: str) -> str | None:
    return None if asked is None else resolve_name(asked, names, kind)


def _perturbation(asked: str | None, names: Mapping[str, str]) -> str | None:
    if asked is None or asked in {"", _CLEAN}:
        return None if asked is None else ""
    shown = {short: name for name, short in perturbation_names(names).items()}
    return shown[resolve_name(asked, {short: names[name] for short, name in shown.items()}, "perturbation")]


def _has_setting(stored: StoredBenchmark, setting: Setting | None, *, several: bool) -> bool:
    known = stored.task.settings
    if setting is not None and setting not in known and not several:
        raise UnknownNameError(f"{stored.name} has no setting {setting}; it has: {', '.join(known)}")
    return setting is None or setting in known


def _known(chosen: Iterable[tuple[StoredBenchmark, list[CellEntry]]], name: str) -> str:
    values = sorted({getattr(cell, name) for _, cells in chosen for cell in cells})
    return f"it has: {', '.join(value or _CLEAN if isinstance(value, str) else f'{value:g}' for value in values)}"
