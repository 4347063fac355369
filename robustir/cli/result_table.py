"""A run at a glance as text: one table per setting, as wide as the terminal, plain in pipes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from robustir.cli.terminal import plain_table, say, screen_width, shorten, table_text
from robustir.reports.formats import measure_name
from robustir.stats import letter

if TYPE_CHECKING:
    from rich.text import Text

    from robustir.reports.overview import NoiseScores, Overview, SettingScores

__all__ = ["show_overview"]

_NAME = 30  # columns for the name of an encoder
_NOISE = 18  # columns for the name of a noise
_GAP = 2  # blanks between columns
_LEFT = 3 + _GAP + 6 + _GAP  # columns of letter and clean score
_CELL = 13  # columns of a noisy score and its retention, before the letters


def show_overview(found: Overview) -> None:
    """Print the tables of a run, with their legend and notes."""
    legend: dict[str, str] = {}
    for setting in found.settings:
        click.echo(_title(setting))
        titles = [_noise_title(noise, legend) for noise in setting.encoders[0].noises]
        for block in _blocks(setting, titles):
            click.echo(_block(setting, titles, block, legend) + "\n")
    several = any(len(one.encoders) > 1 for one in found.settings)
    noisy = any(row.noises for one in found.settings for row in one.encoders)
    if noisy:
        read = "kept: the remaining share of the clean score"
        more = "; letters: encoders that are shown to be less robust" if several else ""
        say(f"{read}{more}")
    for mark, meaning in legend.items():
        say(f"{mark} {meaning}")
    say(
        f"cells: {found.cells}, of which {found.failed} failed; noise that does not apply in a language: "
        f"{found.not_applicable or 'none'}"
    )
    for note in found.notes:
        say(f"- {note}", "  ")


def _title(setting: SettingScores) -> str:
    return click.style(
        f"{setting.benchmark}, {setting.setting}: {measure_name(setting.measure)} in points (hundredths)", bold=True
    )


def _blocks(setting: SettingScores, titles: Sequence[str]) -> Iterator[range]:
    """Yield the positions of the noises that share a table: as many as the screen holds."""
    width = screen_width()
    longest = max(min(len(row.name), _NAME) + 2 * row.in_domain for row in setting.encoders)
    room = math.inf if width is None else width - longest - _LEFT
    start, used = 0, 0
    for position, title in enumerate(titles):
        letters = max(len(row.noises[position].more_robust_than) for row in setting.encoders)
        wide = max(len(title), _CELL + letters) + _GAP
        if used and used + wide > room + _GAP:
            yield range(start, position)
            start, used = position, 0
        used += wide
    yield range(start, len(titles))


def _block(setting: SettingScores, titles: Sequence[str], block: range, legend: dict[str, str]) -> str:
    from rich.text import Text

    rows = setting.encoders
    letters = {row.name: letter(position) for position, row in enumerate(rows)}
    table = plain_table()
    if len(rows) > 1:
        table.add_column("")
    table.add_column("\nencoder" if block else "encoder", no_wrap=True)
    table.add_column("\nclean " if block else "clean ", justify="right", no_wrap=True)
    for position in block:
        table.add_column(Text(f"{titles[position]}\nnoisy   kept"), no_wrap=True)
    for row in rows:
        cells = [Text(letters[row.name], style="green")] if len(rows) > 1 else []
        cells.append(Text(shorten(row.name, _NAME) + _mark(" §", legend, there=row.in_domain)))
        cells.append(Text(_points(row.clean) + (_mark("†", legend, there=row.near_floor) or " ")))
        table.add_row(*cells, *(_noise_cell(row.noises[position], letters, legend) for position in block))
    return table_text(table)


def _noise_cell(noise: NoiseScores, letters: dict[str, str], legend: dict[str, str]) -> Text:
    """Return the noisy score, the share kept, and the letters of the encoders that lose more."""
    from rich.text import Text

    if math.isnan(noise.noisy):
        return Text("    -", style="dim")
    unclear = _mark("~", legend, there=not noise.separated) or " "
    kept = _percent(noise.retention) + (_mark("‡", legend, there=noise.unstable) or " ")
    part = _mark("°", legend, there=0 < noise.languages < noise.of_languages) or " "
    cell = Text(f"{_points(noise.noisy):>5}{unclear}{part}{kept:>5}")
    return cell.append("".join(letters[name] for name in noise.more_robust_than if name in letters), style="bold green")


_MEANINGS = {
    "°": "over the languages alone to which this noise applies, as what is kept is; the clean score is over all",
    "§": "trained on sentences of this benchmark's own collection: not a fair test",
    "†": "near the floor of shuffled queries: no claim is made",
    "~": "the change is not distinguishable from none",
    "‡": "the clean score is so low that the share kept means little",
}


def _mark(mark: str, legend: dict[str, str], *, there: bool) -> str:
    """Return a mark if it applies, and note its meaning for the legend."""
    if not there:
        return ""
    legend.setdefault(mark.strip(), _MEANINGS[mark.strip()])
    return mark


def _noise_title(noise: NoiseScores, legend: dict[str, str]) -> str:
    level = f" {noise.severity:g}"
    if len(noise.name) <= _NOISE:
        return noise.name + level
    known = next((mark for mark, name in legend.items() if name == noise.name), "")
    mark = known or f"[{1 + sum(mark.startswith('[') for mark in legend)}]"
    legend[mark] = noise.name
    return f"{shorten(noise.name.partition('(')[0], _NOISE - 4)}{mark}{level}"


def _points(share: float) -> str:
    return f"{100 * share:.1f}" if math.isfinite(share) else "-"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%" if math.isfinite(share) else "-"
