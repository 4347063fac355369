"""Matplotlib's SVG, made fit for a page: no ids, styles or metadata, short numbers, and text as text."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from html import escape
from xml.etree import ElementTree as ET

from robustir.reports.renderers.drawing import Sheet
from robustir.reports.renderers.palette import INKS, SERIES

__all__ = ["drawing_svg"]

_NUMBER = re.compile(r"-?\d+\.\d+")
_IDLE = re.compile(r"stroke-dashoffset: 0;?\s*|^rotate\(-?0 [^)]*\)$")
_FAMILY = re.compile(r"font-family:[^;]*;?")
_ROLES = {colour: f"s{at}" for at, colour in enumerate(SERIES)} | {colour: name for name, colour in INKS.items()}
_LEFT_OUT = frozenset({"metadata", "defs"})
_KEPT = ("d", "x", "y", "transform", "style")


def drawing_svg(sheet: Sheet, label: str, *, themed: bool) -> str:
    """Return the drawing as an SVG element; ``label`` describes it ("": decoration).

    ``themed`` drawings take colours and font from the page around them: each colour is a CSS variable.
    """
    written = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    sheet.canvas.savefig(written, format="svg", dpi=72, metadata=nothing)
    root = ET.fromstring(written.getvalue().partition("?>")[2].partition('.dtd">')[2])  # noqa: S314 - ours
    shapes = {
        element.attrib["id"]: element.attrib["d"]
        for element in root.iter()
        if _name(element) == "path" and "id" in element.attrib
    }
    inside = "".join(_element(child, shapes, sheet.tips, themed) for child in root)
    role = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    size = f'width="{sheet.width:g}" height="{sheet.height:g}"'
    box = f'viewBox="0 0 {sheet.width:g} {sheet.height:g}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box} {size} {role} stroke-linejoin="round">{inside}</svg>'


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _element(element: ET.Element, shapes: Mapping[str, str], tips: Mapping[str, str], themed: bool) -> str:
    name = _name(element)
    if name in _LEFT_OUT:
        return ""
    if name == "use":
        return _placed(element, shapes, themed)
    tip = tips.get(element.attrib.get("id", ""))
    inside = "".join(_element(child, shapes, tips, themed) for child in element)
    attributes = _attributes(element.attrib, themed)
    if name == "g" and not attributes and tip is None:
        return inside
    if name == "g" and not inside:
        return ""
    text = escape(element.text or "") if name == "text" else ""
    title = f"<title>{escape(tip)}</title>" if tip is not None else ""
    return (
        f"<{name}{attributes}>{title}{text}{inside}</{name}>" if title or text or inside else f"<{name}{attributes}/>"
    )


def _placed(element: ET.Element, shapes: Mapping[str, str], themed: bool) -> str:
    """Return a marker as its own path: an id would have to be unique on the whole page."""
    target = next(text for name, text in element.attrib.items() if name.endswith("href"))
    x, y = (float(element.attrib.get(name, "0")) for name in ("x", "y"))
    style = {"style": element.attrib["style"]} if "style" in element.attrib else {}
    look = {"d": shapes[target[1:]], "transform": f"translate({x:f} {y:f})"} | style
    return f"<path{_attributes(look, themed)}/>"


def _attributes(found: Mapping[str, str], themed: bool) -> str:
    parts = []
    for name in _KEPT:
        if name in found:
            text = _style(found[name], themed) if name == "style" else _short(" ".join(found[name].split()))
            parts += [f' {name}="{escape(text)}"'] if not _IDLE.fullmatch(text) else []
    return "".join(parts)


def _short(text: str) -> str:
    return _NUMBER.sub(lambda match: f"{round(float(match.group()), 2) + 0.0:g}", text)


def _style(text: str, themed: bool) -> str:
    compact = re.sub(r"\s*([:;])\s*", r"\1", _short(_IDLE.sub("", text)))
    if not themed:
        return compact
    themeless = _FAMILY.sub("", compact)
    return re.sub(r"#[0-9a-f]{6}", lambda match: f"var(--{_ROLES[match.group()]})", themeless)
