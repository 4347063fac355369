"""Which encoders a figure draws in colour, and the ranges of its axes."""

from __future__ import annotations

import math
from collections.abc import Iterable

from robustir.reports.formats import axis_step
from robustir.reports.sections.in_domain import marked
from robustir.reports.study import Study, mean, value

__all__ = ["axis", "drawn_settings", "drawn_styles", "figure_keys", "grey_note"]

_IN_COLOUR = 4


def drawn_settings(study: Study, benchmark: str, noises: int, most: int) -> tuple[str, ...]:
    """Return the settings that a figure shows: as many as make at most ``most`` panels, at least one.

    Settings in which some encoder is above its floor come first.
    """
    every = study.settings(benchmark)
    judged = [one for one in every if not all(study.near_floor(benchmark, one, name) for name in study.encoders)]
    return tuple(judged or every)[: max(1, most // max(1, noises))]


def drawn_styles(study: Study, benchmark: str, *, most: int = _IN_COLOUR) -> dict[str, tuple[int, bool]]:
    """Return the style of every encoder that can be drawn, and whether it is in the background.

    All are in colour if there are at most ``most``; else those with the highest scores under noise in the first setting,
    an encoder near its floor last. The style is the encoder's place, so that its letter is the same in the whole report.
    """
    settings = study.settings(benchmark)
    setting = settings[0] if settings else ""

    def place(encoder: str) -> tuple[bool, float]:
        rows = study.macro("contrasts", benchmark=benchmark, setting=setting, encoder=encoder)
        shown = {name: study.severity_of(benchmark, name) for name in study.perturbations}
        score = mean(value(row, "noisy") for row in rows if value(row, "severity") == shown[row["perturbation"]])
        return study.near_floor(benchmark, setting, encoder), -score if math.isfinite(score) else math.inf

    best = set(sorted(study.encoders, key=place)[:most])
    return {encoder: (style, encoder not in best) for style, encoder in enumerate(study.encoders)}


def figure_keys(study: Study, benchmark: str, styles: dict[str, tuple[int, bool]]) -> tuple[tuple[str, int], ...]:
    """Return the legend: the encoders in colour."""
    return tuple((marked(study, benchmark, name), style) for name, (style, quiet) in styles.items() if not quiet)


def grey_note(styles: dict[str, tuple[int, bool]]) -> str:
    """Say what is grey; "" if nothing is."""
    grey = sum(quiet for _, quiet in styles.values())
    loud = len(styles) - grey
    return (
        f" In colour are the {loud} encoders with the highest scores under noise, in grey the other {grey}."
        if grey
        else ""
    )


def axis(values: Iterable[float]) -> tuple[float, float]:
    """Return the ends of an axis that holds 0 and all values: ticks, at most six steps apart."""
    known = [item for item in values if math.isfinite(item)]
    low, high = min([0.0, *known]), max([0.0, *known])
    step = axis_step(max(high - low, 1.0))
    return step * math.floor(low / step + 1e-9), step * math.ceil(high / step - 1e-9)
