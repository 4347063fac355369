"""The section of curves: how the change grows with the noise."""

from __future__ import annotations

import math
from collections.abc import Mapping

from robustir.reports.blocks import Figure, Panel, Paragraph, Point, Section, Series
from robustir.reports.formats import measure_name
from robustir.reports.sections.focus import axis, drawn_styles, figure_keys, grey_note, lead_setting
from robustir.reports.study import Study, value

__all__ = ["curve_section"]

_LEAST = 3  # severities that make a curve
_PER_ROW = 3
_READING = (
    "Change against clean queries as the share of edited words grows, a point per severity; bands are intervals, paired over the "
    "same queries."
)


def curve_section(study: Study) -> Section | None:
    """Build the section of the curves; None if no noise has three severities."""
    figures = [figure for benchmark in study.benchmarks if (figure := _figure(study, benchmark)).panels]
    return Section("curves", "Change as noise grows", (Paragraph(_READING), *figures)) if figures else None


def _figure(study: Study, benchmark: str) -> Figure:
    noises = [name for name in study.perturbations if _severities(study, benchmark, name) >= _LEAST]
    every = study.settings(benchmark)
    setting = lead_setting(study, benchmark)
    styles = drawn_styles(study, benchmark)
    lines = {
        noise: tuple(
            line
            for name, look in styles.items()
            if (line := _line(study, benchmark, setting, noise, name, look)).points
        )
        for noise in noises
    }
    _, end = axis(point.x for drawn in lines.values() for line in drawn for point in line.points)
    panels = _panels(setting, lines)
    left = [one for one in every if one != setting]
    left_out = f" curves.csv has {' and '.join(left)} too." if left else ""
    measure = measure_name(study.measure)
    return Figure(
        f"curves-{benchmark}",
        f"Change of {measure}{study.on(benchmark)} against the realised share of edited words.{grey_note(styles)}{left_out}",
        f"Small multiples, one per noise and setting: change of {measure} against edited words.",
        "edited words (%)",
        f"change of {measure} (points)",
        end,
        min(_PER_ROW, max(1, len(noises))),
        tuple(panels),
        figure_keys(study, benchmark, styles),
    )


def _panels(setting: str, lines: Mapping[str, tuple[Series, ...]]) -> list[Panel]:
    """Return a panel per noise; they share their vertical axis."""
    own = {noise: drawn for noise, drawn in lines.items() if drawn}
    low, high = axis(
        limit
        for drawn in own.values()
        for line in drawn
        for point in line.points
        for limit in ((point.y,) if line.quiet else (point.y, point.low, point.high))
    )
    return [Panel(f"{noise} · {setting}", high, drawn, low) for noise, drawn in own.items()]


def _severities(study: Study, benchmark: str, noise: str) -> int:
    return len({value(row, "severity") for row in study.rows("contrasts", benchmark=benchmark, perturbation=noise)})


def _line(study: Study, benchmark: str, setting: str, noise: str, encoder: str, look: tuple[int, bool]) -> Series:
    rows = study.macro("contrasts", benchmark=benchmark, setting=setting, perturbation=noise, encoder=encoder)
    points = sorted(
        (
            Point(*(100 * value(row, name) for name in ("word_edit_rate", "delta", "ci_low", "ci_high")))
            for row in rows
            if math.isfinite(value(row, "word_edit_rate")) and math.isfinite(value(row, "delta"))
        ),
        key=lambda point: point.x,
    )
    style, quiet = look
    return Series(encoder, style, (Point(0.0, 0.0, 0.0, 0.0), *points) if points else (), quiet)
