"""Calibration tables: the realised dose that a perturbation reaches at each severity, per language.

One JSON file per perturbation name, in ``data/calibration`` or in a folder of the user's: under each canonical spec the
``version`` of the perturbation that was measured, the ``source`` of the texts, the ``severities`` and, per language, the
mean character error rate at each. ``robustir calibrate build`` writes them (:mod:`robustir.resources.calibration`), and
``robustir calibrate verify --record`` adds ``missed``: per language the largest relative error of a dose on other texts.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal, localcontext
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from robustir.disk.reading import read_json
from robustir.disk.shapes import shortened
from robustir.errors import DataError

__all__ = ["TOLERANCE", "Calibration", "Curve", "find_calibration", "read_calibrations", "shipped_folder"]

# A dose is refused in a language whose verification missed it by more than this share: an unequal dose under the name of
# an equal one would be worse than none.
TOLERANCE: Final = 0.15
_AGAIN: Final = "write it again with  robustir calibrate build SPEC -o FOLDER"


@dataclass(frozen=True, slots=True)
class Curve:
    """Mean character error rates at rising severities above 0, never falling; between them, and from (0, 0), a line."""

    severities: tuple[float, ...]
    doses: tuple[float, ...]

    @property
    def greatest(self) -> float:
        """The dose at the highest severity: more cannot be reached."""
        return self.doses[-1]

    @property
    def shown_greatest(self) -> str:
        """:attr:`greatest` in three digits, rounded down, so that what is shown can be asked for."""
        with localcontext(prec=3, rounding=ROUND_DOWN):
            return f"{+Decimal(str(self.greatest)):f}"

    def severity(self, dose: float) -> float:
        """Return the lowest severity that reaches ``dose``, from 0 to :attr:`greatest`."""
        if dose <= 0:
            return 0.0
        at = min(bisect_left(self.doses, dose), len(self.doses) - 1)
        low, low_dose = (self.severities[at - 1], self.doses[at - 1]) if at else (0.0, 0.0)
        high, high_dose = self.severities[at], self.doses[at]
        return min(low + (high - low) * (dose - low_dose) / (high_dose - low_dose), high)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What one perturbation reaches, per language; ``version`` is the perturbation's.

    missed: the largest relative error of a dose per language, -0.2 for a fifth too little; empty if nothing was verified.
    """

    version: str
    source: str
    curves: Mapping[str, Curve]
    missed: Mapping[str, float] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """A digest of the numbers alone: part of the key of every cell."""
        content = [[lang, curve.severities, curve.doses] for lang, curve in sorted(self.curves.items())]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]

    def is_right(self, lang: str) -> bool:
        """Whether the doses of a language came within TOLERANCE of what was asked for, or were not verified."""
        return abs(self.missed.get(lang, 0.0)) <= TOLERANCE

    def range_text(self, *, checked: bool = True) -> str:
        """Return the greatest dose of each language, in words, and the languages that are refused if ``checked``."""
        served = [lang for lang in sorted(self.curves) if self.is_right(lang) or not checked]
        refused = [f"{lang} (by {abs(self.missed[lang]):.0%})" for lang in sorted(self.curves) if lang not in served]
        text = ", ".join(f"{lang} {self.curves[lang].shown_greatest}" for lang in served) or "none"
        return f"{text}; missed, so refused: {', '.join(refused)}" if refused else text


def shipped_folder() -> Path:
    """Return the folder of the tables that come with robustir."""
    return Path(str(files("robustir.perturbations") / "data" / "calibration"))


def find_calibration(folder: Path | None, name: str, spec: str) -> Calibration | None:
    """Return the calibration of a canonical spec whose perturbation is called ``name``, or None; None: the shipped ones."""
    return read_calibrations((folder or shipped_folder()) / f"{name}.json").get(spec)


@cache
def read_calibrations(path: Path) -> Mapping[str, Calibration]:
    """Return the calibrations of one file by spec, none if there is no file; raise DataError for one that is damaged."""
    if not path.is_file():
        return {}
    try:
        content: dict[str, Any] = read_json(path, advice=_AGAIN)
        return {spec: _read(entry) for spec, entry in content.items()}
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise DataError(f"{path} is not a valid calibration ({shortened(str(error), 300)}); {_AGAIN}") from None


def _read(entry: Mapping[str, Any]) -> Calibration:
    severities = tuple(map(float, entry["severities"]))
    if not severities or list(severities) != sorted(set(severities)) or not 0 < severities[0] <= severities[-1] <= 1:
        raise ValueError("severities must rise from above 0 to at most 1")
    curves = {}
    for lang, values in entry["languages"].items():
        doses = tuple(map(float, values))
        if (
            len(doses) != len(severities)
            or list(doses) != sorted(doses)
            or not 0 <= doses[0] <= doses[-1] < float("inf")
        ):
            raise ValueError(f"{lang}: one dose per severity, never falling")
        curves[str(lang)] = Curve(severities, doses)
    missed = {str(lang): float(error) for lang, error in entry.get("missed", {}).items()}
    return Calibration(str(entry["version"]), str(entry["source"]), curves, missed)
