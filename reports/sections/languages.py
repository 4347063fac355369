"""The section on languages: a strip per noise, and a table of every language."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from robustir.reports.blocks import (
    Block,
    Cell,
    Column,
    Figure,
    Heading,
    Paragraph,
    Point,
    Section,
    Series,
    StripPanel,
    Table,
)
from robustir.reports.formats import join_words, language_name, measure_name, percent, severity_text, signed_points
from robustir.reports.sections.focus import axis, drawn_styles, encoder_columns, figure_keys, grey_note, lead_setting
from robustir.reports.sections.in_domain import noted
from robustir.reports.study import Row, Study, mean, value
from robustir.stats.rounding import below

__all__ = ["heat_level", "language_section"]

_HEAT_STEPS = (0.005, 0.02, 0.05, 0.10, 0.20)  # least differences of the steps 1..5
_PER_ROW = 3  # strips
_MANY = 12  # languages; of more a strip shows those at both ends
_ENDS = 4
_ENCODERS = 12  # columns of a table
_READING = "Languages with unequal shares of changed characters (at the right) do not compare."
_TABLES = (
    "Every language, most affected first. Shades change at 0.5, 2, 5, 10 and 20 points. Bold marks a change separated from zero "
    "after correction; these tests are exploratory. In cross a number is the mean over the passage languages, which is not "
    "tested here: contrasts.csv tests each pair of languages."
)


def heat_level(delta: float) -> int | None:
    """Return the step -5..5 of the diverging scale (limits 0.5, 2, 5, 10 and 20 points); None for NaN."""
    if not math.isfinite(delta):
        return None
    step = sum(not below(abs(delta), limit) for limit in _HEAT_STEPS)
    return -step if delta < 0 else step


def language_section(study: Study) -> Section | None:
    """Build the strips of a benchmark's noises, then the tables; None without noise or with a single language."""
    figures: list[Block] = []
    tables: list[Block] = []
    for benchmark in study.benchmarks:
        if len(study.languages(benchmark)) < 2:
            continue
        if (figure := _figure(study, benchmark)).panels:
            figures.append(figure)
        if len(study.benchmarks) > 1:
            tables.append(Heading(benchmark))
        for noise in study.perturbations:
            for setting in study.settings(benchmark):
                tables += _tables(study, benchmark, setting, noise)
    if not figures:
        return None
    blocks = (Paragraph(_READING), *figures, Paragraph(_TABLES), *tables)
    return Section("languages", "Where it hurts, by language", blocks, open=1 + len(figures))


class _Changes:
    """The changes of one noise in one setting, by language and encoder, at the shown severity."""

    def __init__(self, study: Study, benchmark: str, setting: str, noise: str) -> None:
        self.severity = study.severity_of(benchmark, noise)
        found: dict[tuple[str, str], list[Row]] = {}
        where = {"benchmark": benchmark, "setting": setting, "perturbation": noise, "severity": self.severity}
        for row in study.rows("contrasts", **where):
            if row["query_lang"] != "all" and math.isfinite(value(row, "delta")):
                found.setdefault((row["query_lang"], row["encoder"]), []).append(row)
        self.rows: Mapping[tuple[str, str], Sequence[Row]] = found
        judged = [name for name in study.encoders if not study.near_floor(benchmark, setting, name)]
        self.languages = sorted(
            dict.fromkeys(lang for lang, _ in found), key=lambda lang: (self._mean(lang, judged), language_name(lang))
        )
        doses = study.rows("validity", benchmark=benchmark, perturbation=noise, severity=self.severity)
        self.doses = {row["query_lang"]: value(row, "char_error_rate") for row in doses}

    def _mean(self, lang: str, encoders: Iterable[str]) -> float:
        """Return the mean change of a language, by which the languages are ordered; encoders near the floor are left out."""
        found = mean(self.delta(lang, encoder) for encoder in encoders)
        return found if math.isfinite(found) else 0.0

    def delta(self, lang: str, encoder: str) -> float:
        """Return the change, in cross the mean over passage languages; NaN if it was not scored."""
        return mean(value(row, "delta") for row in self.rows.get((lang, encoder), ()))

    def dose(self, lang: str) -> str:
        """Return the share of characters that the noise changed."""
        return percent(self.doses.get(lang, math.nan))

    def single(self, lang: str, encoder: str) -> Row:
        """Return the row with interval and test; {} if the change is a mean over several rows."""
        rows = self.rows.get((lang, encoder), ())
        return rows[0] if len(rows) == 1 else {}

    @property
    def shown(self) -> list[str]:
        """The languages of a strip: all, or those at both ends."""
        if len(self.languages) <= _MANY:
            return self.languages
        return [*self.languages[:_ENDS], *self.languages[-_ENDS:]]


def _figure(study: Study, benchmark: str) -> Figure:
    setting = lead_setting(study, benchmark)
    styles = drawn_styles(study, benchmark)
    panels = []
    left = 0
    for noise in study.perturbations:
        changes = _Changes(study, benchmark, setting, noise)
        left = max(left, len(changes.languages) - len(changes.shown))
        if changes.languages:
            strip = _strip(f"{noise} · {setting}", changes, styles)
            panels.append(replace(strip, id=f"strip-{benchmark}-{noise}-{setting}"))
    at = join_words(
        sorted({severity_text(study.severity_of(benchmark, noise)) for noise in study.perturbations} - {"nan"})
    )
    cut = f" The {_ENDS} most and the {_ENDS} least affected languages; the tables have {left} more." if left else ""
    measure = measure_name(study.measure)
    return Figure(
        f"strips-{benchmark}",
        f"Change of {measure}{study.on(benchmark)} at severity {at}.{cut}{grey_note(styles)}",
        f"Strips, one per noise and setting: change of {measure} by language, a dot per encoder.",
        "change (points)",
        "",
        1.0,
        min(_PER_ROW, max(1, len(panels))),
        tuple(panels),
        figure_keys(study, benchmark, styles),
    )


def _strip(title: str, changes: _Changes, styles: Mapping[str, tuple[int, bool]]) -> StripPanel:
    series = []
    for encoder, (style, quiet) in styles.items():
        points = []
        for at, lang in enumerate(changes.shown):
            delta, row = changes.delta(lang, encoder), changes.single(lang, encoder)
            if math.isfinite(delta):
                points.append(Point(100 * delta, at, 100 * value(row, "ci_low"), 100 * value(row, "ci_high")))
        if points:
            series.append(Series(encoder, style, tuple(points), quiet))
    low, high = axis(
        limit
        for one in series
        for point in one.points
        for limit in ((point.x,) if one.quiet else (point.x, point.low, point.high))
    )
    names = tuple(language_name(lang) for lang in changes.shown)
    remarks = tuple(changes.dose(lang) for lang in changes.shown)
    return StripPanel(title, names, remarks, "characters", low, high, tuple(series))


def _tables(study: Study, benchmark: str, setting: str, noise: str) -> list[Block]:
    changes = _Changes(study, benchmark, setting, noise)
    if not changes.languages:
        return []
    over = ", mean over passage languages" if setting == "cross" else ""
    caption = (
        f"{noise} at severity {severity_text(changes.severity)}, {setting}{over}: change in points by query language"
    )
    made: list[Block] = []
    for start in range(0, len(study.encoders), _ENCODERS):
        encoders = study.encoders[start : start + _ENCODERS]
        heads, note = encoder_columns(study, benchmark, encoders)
        columns = (Column("Language", number=False), Column("Characters"), *heads)
        rows = tuple(
            (
                Cell(language_name(lang)),
                Cell(changes.dose(lang), mark="faint"),
                *(_cell(changes, lang, encoder) for encoder in encoders),
            )
            for lang in changes.languages
        )
        name = f"heat-{benchmark}-{noise}-{setting}" + (f"-{start // _ENCODERS + 1}" if start else "")
        made.append(noted(Table(name, caption, columns, rows, note=note, scale="diverging")))
    return made


def _cell(changes: _Changes, lang: str, encoder: str) -> Cell:
    delta, row = changes.delta(lang, encoder), changes.single(lang, encoder)
    return Cell(signed_points(delta), heat=heat_level(delta), mark="strong" if row and row["separated"] else "")
