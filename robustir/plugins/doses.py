"""A dose that is asked for, on a calibrated scale: ``cer:0.05`` is an expected character error rate of 0.05."""

from __future__ import annotations

import math
from dataclasses import dataclass

from robustir.errors import SpecError

__all__ = ["AskedDose", "parse_dose"]

_SCALES = ("cer",)


@dataclass(frozen=True, slots=True)
class AskedDose:
    """An expected realised dose. scale: ``cer``, the character error rate; value: the mean over texts, above 0."""

    scale: str
    value: float

    def __str__(self) -> str:
        return f"{self.scale}:{self.value!r}"

    @property
    def words(self) -> str:
        """The dose as it is named in a sentence."""
        return f"a character error rate of {self.value:g}"


def parse_dose(text: object) -> AskedDose:
    """Return the dose that ``cer:0.05`` names; raise SpecError for anything else."""
    scale, colon, number = text.partition(":") if isinstance(text, str) else ("", "", "")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if scale not in _SCALES or not colon or not (math.isfinite(value) and value > 0):
        raise SpecError(
            f"dose={text!r} is not a valid dose; write a character error rate above 0, such as  dose='cer:0.05'"
        )
    return AskedDose(scale, value)
