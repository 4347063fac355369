"""Which encoders a figure draws in colour, and the ranges of its axes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from robustir.reports.blocks import Column
from robustir.reports.formats import axis_step
from robustir.reports.sections.in_domain import marked
from robustir.reports.study import HUES, Study
from robustir.stats import letter

__all__ = ["axis", "drawn_styles", "encoder_columns", "figure_keys", "grey_note", "lead_setting"]

_IN_COLOUR = 4
_HEADS, _HEAD = 60, 14  # letters that fit the heads of a table's columns: of all, and of one


def lead_setting(study: Study, benchmark: str) -> str:
    """Return the setting that figures show: the first one in which some encoder is above its floor."""
    every = study.settings(benchmark)
    judged = (one for one in every if not all(study.near_floor(benchmark, one, name) for name in study.encoders))
    return next(judged, every[0])


def drawn_styles(study: Study, benchmark: str, *, most: int = _IN_COLOUR) -> dict[str, tuple[int, bool]]:
    """Return the style of every encoder that can be drawn, and whether it is in the background.

    All are in colour if there are at most ``most``; else those with the highest scores under noise in the first setting, or
    the first in the order of letters if hues do not suffice for all. The style is the encoder's place, so that its letter is
    the same in the whole report.
    """
    few = len(study.encoders) <= HUES
    best = set((study.by_score(study.encoders, benchmark) if few else study.encoders)[:most])
    return {encoder: (style, encoder not in best) for style, encoder in enumerate(study.encoders)}


def figure_keys(study: Study, benchmark: str, styles: dict[str, tuple[int, bool]]) -> tuple[tuple[str, int], ...]:
    """Return the legend: the encoders in colour."""
    return tuple((marked(study, benchmark, name), style) for name, (style, quiet) in styles.items() if not quiet)


def encoder_columns(study: Study, benchmark: str, encoders: Sequence[str]) -> tuple[tuple[Column, ...], str]:
    """Return a column per encoder, and a note that tells their letters if their names are too long for a row."""
    names = [marked(study, benchmark, encoder) for encoder in encoders]
    if sum(map(len, names)) <= _HEADS and max(map(len, names), default=0) <= _HEAD:
        return tuple(Column(name, key=study.key(one)) for name, one in zip(names, encoders, strict=True)), ""
    places = [study.encoders.index(encoder) for encoder in encoders]
    letters = [letter(place) for place in places]
    columns = tuple(Column("", hint=name, key=place) for place, name in zip(places, names, strict=True))
    return columns, " · ".join(f"{one}\u00a0{name}" for one, name in zip(letters, names, strict=True)) + "."


def grey_note(styles: dict[str, tuple[int, bool]]) -> str:
    """Say what is grey; "" if nothing is."""
    grey = sum(quiet for _, quiet in styles.values())
    loud = len(styles) - grey
    return (
        f" In colour are the {loud} encoders with the highest scores under noise, in grey the other {grey if grey > 1 else 'one'}."
        if grey
        else ""
    )


def axis(values: Iterable[float]) -> tuple[float, float]:
    """Return the ends of an axis that holds 0 and all values: ticks, at least one step and at most six steps apart."""
    known = [item for item in values if math.isfinite(item)]
    low, high = min([0.0, *known]), max([0.0, *known])
    step = axis_step(max(high - low, 1.0))
    start = step * math.floor(low / step + 1e-9)
    return start, max(step * math.ceil(high / step - 1e-9), start + step)
