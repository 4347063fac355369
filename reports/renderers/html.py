"""A document as one HTML file: no network, no script, light and dark, for reading, printing and screen readers."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from robustir.reports.blocks import Document, Figure, direction
from robustir.reports.renderers.drawing import letter
from robustir.reports.renderers.figures import columns_of, key_svg, panel_svg
from robustir.reports.renderers.palette import css_rules
from robustir.reports.renderers.panels import AnyPanel, point_tables

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["anchor", "render_html"]


def render_html(document: Document) -> str:
    """Return the page. Every text of the document is escaped; the same document gives the same page."""
    from markupsafe import Markup

    # The style sheet and the drawings are ours, and svg.py escapes the document's texts.
    style = Markup(_template("report.css") + css_rules())  # noqa: S704
    page: str = _environment().get_template("report.html.j2").render(document=document, style=style)
    return page


_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_.-]+")


def anchor(identity: str) -> str:
    """Return an id for HTML and its links: itself if it is plain, else its plain letters and a digest of all of it."""
    if _PLAIN.fullmatch(identity):
        return identity
    digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{'' if identity[:1].isalpha() and identity[:1].isascii() else 'x-'}{_NOT_PLAIN.sub('-', identity).strip('-')}-{digest}"


_BREAKS = re.compile(r"(?<=[(,=/:_])(?=\S)")


def _breakable(text: str) -> Markup:
    """Return the text escaped, with break points for narrow columns in a spec such as ``name(key='value')``."""
    from markupsafe import Markup, escape

    return Markup("<wbr>").join(escape(part) for part in _BREAKS.split(text))


def _template(name: str) -> str:
    return (files("robustir.reports") / "templates" / name).read_text(encoding="utf-8")


@cache
def _environment() -> Any:
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    def panel(figure: Figure, drawn: AnyPanel) -> Markup:
        return Markup(panel_svg(figure, drawn))  # noqa: S704 - panel_svg escapes the document's texts

    @cache
    def key(style: int) -> Markup:
        return Markup(key_svg(style))  # noqa: S704 - holds numbers only

    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    environment.filters["anchor"] = anchor
    environment.globals.update(
        kind=lambda block: type(block).__name__,
        direction=direction,
        panel_svg=panel,
        key_svg=key,
        letter=letter,
        point_tables=point_tables,
        columns_of=columns_of,
    )
    return environment
