"""Figures say what their points say, on screen, on paper and to those who do not see them, in colours that anyone can tell."""

from __future__ import annotations

import math
import re
import subprocess
import sys
import warnings
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pytest

from robustir.reports import Document, build, render_html
from robustir.reports.blocks import Figure, IntervalPanel, Panel, Point, Series, StripPanel
from robustir.reports.renderers import palette
from robustir.reports.renderers.drawing import interval_text, line_look, marker_look, shorten, text_width
from robustir.reports.renderers.figures import (
    columns_of,
    figure_svg,
    figures_by_page,
    panel_svg,
    write_figures,
)
from robustir.reports.renderers.panels import point_tables
from robustir.reports.study import HUES
from tests.reports.factory import Factory
from tests.reports.test_rendering import NASTY, Page

SVG = "{http://www.w3.org/2000/svg}"
Array = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def document() -> Document:
    findings = Factory().findings()
    return build(findings, findings.manifest)


@pytest.fixture(scope="module")
def curves(document: Document) -> Figure:
    found = [block for part in document.sections for block in part.blocks if isinstance(block, Figure)]
    return next(figure for figure in found if figure.id.startswith("curves"))


@pytest.fixture(scope="module")
def strips(document: Document) -> Figure:
    found = [block for part in document.sections for block in part.blocks if isinstance(block, Figure)]
    return next(figure for figure in found if figure.id.startswith("strips"))


def test_noise_that_changes_no_score_is_drawn_on_an_axis_with_a_length() -> None:
    findings = Factory().findings()
    still = findings.contrasts.assign(delta=0.0, ci_low=0.0, ci_high=0.0)
    document = build(replace(findings, contrasts=still), findings.manifest)
    drawn = [block for part in document.sections for block in part.blocks if isinstance(block, Figure)]
    ends = {(one.x_min, one.x_max) for figure in drawn for one in figure.panels if isinstance(one, StripPanel)}
    ends |= {(one.y_min, one.y_max) for figure in drawn for one in figure.panels if isinstance(one, Panel)}
    assert ends == {(0.0, 2.0)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for figure in drawn:
            ET.fromstring(figure_svg(figure))


def intervals(pairs: int, noises: int, x_max: float = 20.0) -> Figure:
    rows = tuple(f"noise {at}" for at in range(noises))
    series = tuple(
        Series(f"pair {at}", at, tuple(Point(3.0 - at, float(row), -4.0 - at, 5.5) for row in range(noises)))
        for at in range(pairs)
    )
    keys = tuple((line.name, line.style) for line in series)
    panel = IntervalPanel("mono", rows, series)
    return Figure("pairs", "caption", "alt", "points", "", x_max, 3, (panel, replace(panel, title="cross")), keys)


def test_a_panel_follows_the_theme_and_has_no_ids(curves: Figure) -> None:
    for panel in curves.panels:
        drawn = panel_svg(curves, panel)
        ET.fromstring(drawn)
        assert "var(--s0)" in drawn
        assert not re.search(r"#[0-9a-f]{6}|\bid=|font-family|<style|<image", drawn)


def test_points_are_drawn_at_their_values(curves: Figure) -> None:
    drawn = ET.fromstring(panel_svg(curves, curves.panels[0]))
    places = {}
    for group in drawn.iter(f"{SVG}g"):
        title, marker = group.find("{*}title"), group.find("{*}path")
        if title is not None and marker is not None:
            x, y = map(float, marker.attrib["transform"].removeprefix("translate(").removesuffix(")").split())
            places[title.text] = (x, y)
    # Axes: 320 wide less 6.2 em, 185.6 high less 4.9 em, of an em of 10.5; they end at 50 percent, -40 and 10 points.
    left, width, top, height = 4.2 * 10.5, 320 - 6.2 * 10.5, 1.2 * 10.5, 0.58 * 320 - 4.9 * 10.5
    first = places["hashing: 0.0 [0.0, 0.0] at 0.0"]
    assert first == pytest.approx((left, top + height * 10 / 50), abs=0.01)
    worst = next(
        place for name, place in places.items() if str(name).startswith("bm25") and str(name).endswith("at 46.5")
    )
    lost = 57 * 0.8 * (1 - math.exp(-1.2))
    assert worst == pytest.approx((left + width * 46.5 / 50, top + height * (10 + lost) / 50), abs=0.01)
    assert len(places) == 4 * 5  # encoders, severities with clean queries


def test_dots_of_a_strip_lie_at_their_values_with_names_and_doses(strips: Figure) -> None:
    panel = strips.panels[0]
    assert isinstance(panel, StripPanel)
    drawn = panel_svg(strips, panel)
    root = ET.fromstring(drawn)
    tips = [title.text or "" for title in root.iter(f"{SVG}title")]
    assert len(tips) == len(set(tips)) == 4 * 11  # encoders, languages
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert set(panel.rows) <= set(texts)
    assert [text for text in texts if text and text.endswith("\u202f%")] == list(panel.remarks)
    places = {}
    for group in root.iter(f"{SVG}g"):
        title, marker = group.find("{*}title"), group.find("{*}path")
        if title is not None and marker is not None:
            place = marker.attrib["transform"].removeprefix("translate(").removesuffix(")").split()
            places[title.text] = float(place[0])
    points = {
        f"{one.name}, {panel.rows[int(point.y)]}: {interval_text(point)}": point.x
        for one in panel.series
        for point in one.points
    }
    slopes = np.polyfit([points[str(name)] for name in places], list(places.values()), 1, full=True)
    assert slopes[1][0] < 0.01  # a straight line through all of them
    assert slopes[0][0] > 0


def test_intervals_keep_their_minus_signs_and_ends() -> None:
    figure = intervals(2, 3)
    drawn = panel_svg(figure, figure.panels[0])
    assert "<title>pair 1, noise 2: 2.0 [−5.0, 5.5]</title>" in drawn
    assert {"−20", "−5", "0", "15"} <= set(re.findall(r">([^<]+)</text>", drawn))
    assert "noise 2" in drawn


# Of the hostile texts, those that XML can hold.
@pytest.mark.parametrize("text", NASTY[:-1])
def test_texts_of_a_drawing_come_out_as_they_went_in(text: str) -> None:
    point = Point(0.5, 0.5, 0.4, 0.6)
    series = Series(text, 0, (point, replace(point, x=1.0)))
    row = replace(series, points=(Point(0.5, 0.0, 0.4, 0.6),))
    strip = StripPanel(f"{text} title", (text,), (text[:9],), "remark", 0.0, 1.0, (row,))
    for panel in (Panel(f"{text} title", 1.0, (series,)), IntervalPanel(f"{text} title", (text,), (row,)), strip):
        figure = Figure("id", text, text, f"{text[:30]} x", f"{text[:30]} y", 1.0, 1, (panel,), ((text, 0),))  # type: ignore[arg-type]
        for drawing in map(ET.fromstring, (panel_svg(figure, panel), figure_svg(figure))):
            tags = {element.tag.rpartition("}")[2] for element in drawing.iter()}
            assert tags <= {"svg", "g", "path", "text", "title"}
            assert f"{text[:30]} x" in {element.text for element in drawing.iter(f"{SVG}text")}
            assert any((element.text or "").startswith(text) for element in drawing.iter(f"{SVG}title"))
        assert ET.fromstring(panel_svg(figure, panel)).attrib["aria-label"].startswith(f"{text} title: {text[:30]}")


def test_every_point_is_in_a_table_of_the_page(document: Document, curves: Figure) -> None:
    tables = point_tables(curves)
    assert [table.caption for table in tables][:2] == [
        "typos · mono: change of mAP (points)",
        "shuffle-words · mono: change of mAP (points)",
    ]
    assert [cell.text for cell in tables[0].rows[0]][:2] == ["0.0", "0.0 [0.0, 0.0]"]
    assert [column.title for column in tables[0].columns][1:] == [name for name, _ in curves.keys]
    shown = " ".join("".join(Page(render_html(document)).text).split())
    assert "The points as tables" in shown
    assert all(table.caption in shown for table in tables)
    table = point_tables(intervals(2, 3))[1]
    assert [cell.text for cell in table.rows[2]] == ["noise 2", "3.0 [−4.0, 5.5]", "2.0 [−5.0, 5.5]"]


def test_figures_that_do_not_fit_a_page_are_parted_with_their_legend() -> None:
    figure = intervals(6, 12)
    assert figures_by_page(intervals(2, 3)) == [intervals(2, 3)]
    large = replace(figure, columns=1, panels=(*figure.panels, *figure.panels))  # type: ignore[arg-type]
    pages = figures_by_page(large)
    assert [page.id for page in pages] == ["pairs", "pairs-2"]
    assert [page.keys for page in pages] == [figure.keys] * 2
    assert tuple(panel for page in pages for panel in page.panels) == large.panels
    assert [columns_of(page) for page in pages] == [3, 1]


def test_files_are_the_same_bytes_in_another_process_and_whatever_matplotlibrc_says(
    tmp_path: Path, document: Document
) -> None:
    write_figures(document, tmp_path / "here")
    (tmp_path / "matplotlibrc").write_text(
        "lines.linewidth: 9\nsvg.fonttype: path\nfont.family: serif\naxes.grid: True\n"
    )
    code = (
        "import sys; from pathlib import Path; from tests.reports.factory import Factory; from robustir.reports import build\n"
        "from robustir.reports.renderers.figures import write_figures\n"
        "f = Factory().findings(); write_figures(build(f, f.manifest), Path(sys.argv[1]))\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    root = Path(__file__).parents[2]
    environment = {
        "MATPLOTLIBRC": str(tmp_path),
        "PYTHONHASHSEED": "7",
        "PATH": "",
        "PYTHONPATH": str(root),
        "HOME": str(tmp_path),
    }
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "there")], check=True, env=environment, cwd=root)
    here, there = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("here", "there"))
    assert set(here) == {f"{name}-mini.{suffix}" for name in ("strips", "curves") for suffix in ("svg", "pdf")}
    assert here == there
    assert here["curves-mini.pdf"].startswith(b"%PDF-")
    assert b"CreationDate" not in here["curves-mini.pdf"]


def test_drawing_leaves_the_settings_of_matplotlib_alone(curves: Figure) -> None:
    with mpl.rc_context({"lines.linewidth": 3.25}):
        before = dict(mpl.rcParams)
        figure_svg(curves)
        assert dict(mpl.rcParams) == before


# Machado, Oliveira & Fernandes (2009), severity 1.0, on linear RGB.
DEFICIENCIES = {
    "none": np.eye(3),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
}  # fmt: skip
XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]])


def linear(colour: str) -> Array:
    channels = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(colour: str, deficiency: str = "none") -> Array:
    """CIELAB as a person with the deficiency sees the colour."""
    seen = XYZ @ np.clip(DEFICIENCIES[deficiency] @ linear(colour), 0, 1) / (XYZ @ np.ones(3))
    f = np.where(seen > 0.008856, np.cbrt(seen), 7.787 * seen + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(first: str, second: str) -> float:
    """The contrast ratio of WCAG 2."""
    light, dark = sorted((float((XYZ @ linear(colour))[1]) for colour in (first, second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("hues", "paper"), [(palette.SERIES, "#fbfaf6"), (palette.DARK_SERIES, "#15171a")])
def test_lines_can_be_told_apart_by_everyone_and_in_grey(hues: tuple[str, ...], paper: str) -> None:
    assert len(hues) == HUES <= 6
    for deficiency in DEFICIENCIES:
        distances = [np.linalg.norm(lab(a, deficiency) - lab(b, deficiency)) for a, b in combinations(hues, 2)]
        assert min(distances) > 30
    assert min(np.diff(sorted(lab(hue)[0] for hue in hues))) > 6.5  # in grey only lightness is left
    assert min(contrast(hue, paper) for hue in hues) > 3


def test_hue_dash_and_marker_tell_24_lines_apart() -> None:
    looks = {
        (str(line_look(at, 7)["color"]), str(line_look(at, 7)["linestyle"]), marker_look(at, 7)["marker"])
        for at in range(24)
    }
    assert len(looks) == 24


def test_losses_are_darker_than_gains_and_every_step_is_darker_than_the_last() -> None:
    shades = palette.print_shades()
    lightness = {name: [lab(colour)[0] for colour in colours] for name, colours in shades.items()}
    for name, least in (("loss", 4.0), ("gain", 2.5), ("level", 1.5)):
        assert min(-np.diff(lightness[name])) > least
    assert all(loss < gain - 0.5 for loss, gain in zip(lightness["loss"], lightness["gain"], strict=True))
    for deficiency in DEFICIENCIES:
        pairs = zip(shades["loss"][1:], shades["gain"][1:], strict=True)
        assert min(np.linalg.norm(lab(loss, deficiency) - lab(gain, deficiency)) for loss, gain in pairs) > 15
    assert all(contrast("#1d1b18", colour) > 4.5 for colours in shades.values() for colour in colours)


def test_long_names_keep_both_ends() -> None:
    name = "intfloat/multilingual-e5-small(revision='" + "a" * 60 + "', pooling='mean')"
    cut = shorten(name, 150, 7)
    assert text_width(cut, 7) <= 150 < text_width(name, 7)
    assert cut.startswith("intfloat/multi")
    assert cut.endswith("'mean')")
    assert shorten("bm25", 150, 7) == "bm25"
