"""A document as PDF, through typst: the template takes the document as JSON, so that no text is read as markup."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from robustir.disk.atomic import write_atomically
from robustir.reports.blocks import Aside, Document, Example, Figure, Listing, Section, direction, walk_texts
from robustir.reports.renderers.figures import figure_svg, figures_by_page
from robustir.reports.renderers.fonts import find_missing, font_families, missing_notice, typst_fonts
from robustir.reports.renderers.palette import SERIES, print_shades
from robustir.stats import letter

__all__ = ["render_pdf"]

_TYPST_LANG = re.compile("[a-z]{2,3}")


def render_pdf(document: Document, path: Path | str, *, appendix: bool = False) -> list[str]:
    """Write the PDF atomically; return a warning if fonts lack characters.

    Without ``appendix`` it has what a section shows first (``Section.open``), and not the rest.
    The date inside is the document's, so that the same document and fonts give the same bytes.
    """
    content, warnings = compile_pdf(document, appendix=appendix)
    write_atomically(Path(path), lambda temporary: temporary.write_bytes(content))
    return warnings


def compile_pdf(document: Document, *, appendix: bool = False) -> tuple[bytes, list[str]]:
    """Return the PDF's bytes and, if glyphs are missing, a one-line warning, which the PDF shows too."""
    import typst

    document = replace(document, sections=_parts(document.sections, appendix=appendix))
    missing = missing_notice(find_missing(_shown_texts(document)))
    data = _as_json(document) | {
        "missing": missing,
        "fonts": list(font_families()),
        "shades": print_shades(),
        "hues": list(SERIES),
        "letters": [letter(at) for at in range(len(document.encoders))],
        "day": document.created[:10],
        "date": _day(document.created),
    }
    template = (files("robustir.reports") / "templates" / "report.typ").read_bytes()
    compiler = typst.Compiler(template, font_paths=typst_fonts(), sys_inputs={"document": json.dumps(data)})
    content = compiler.compile(format="pdf", timestamp=_timestamp(document.created))
    if not isinstance(content, bytes):
        raise TypeError("typst returned pages where one PDF was expected")
    return content, missing


def _parts(sections: tuple[Section, ...], *, appendix: bool) -> tuple[Section, ...]:
    """Return what sections show first and, for the appendix, what they leave for it (``open`` is 0)."""
    first = [replace(one, open=None, blocks=one.blocks[: one.open]) for one in sections if one.open != 0]
    later = [one for one in sections if one.open is not None and one.blocks[one.open :]] if appendix else []
    rest = (
        replace(
            one,
            title=f"More on {one.title[0].lower()}{one.title[1:]}" if one.open else one.title,
            blocks=one.blocks[one.open :],
            open=0,
        )
        for one in later
    )
    return (*first, *rest)


def _shown_texts(document: Document) -> list[str]:
    """Return the texts in the PDF: all except long listings."""
    parts: list[object] = [getattr(document, column.name) for column in fields(document) if column.name != "sections"]
    parts += [block for section in document.sections for block in section.blocks if not isinstance(block, Listing)]
    parts += [section.title for section in document.sections]
    return [text for part in parts for text in walk_texts(part)]


def _moment(created: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _timestamp(created: str) -> int:
    moment = _moment(created)
    return int(moment.timestamp()) if moment else 0


def _day(created: str) -> list[int] | None:
    moment = _moment(created)
    day: date | None = moment.date() if moment else None
    return [day.year, day.month, day.day] if day else None


def _as_json(value: Any) -> Any:
    """Turn dataclasses into plain tables, with their kind, drawings and directions added."""
    if isinstance(value, tuple):
        return [_as_json(item) for item in value]
    if not hasattr(value, "__dataclass_fields__"):
        return value
    if isinstance(value, Figure):
        return _figure(value)
    if isinstance(value, Listing):
        return {"kind": "Listing", "title": value.title}
    plain: dict[str, Any] = {column.name: _as_json(getattr(value, column.name)) for column in fields(value)}
    if isinstance(value, (Example, Aside)):
        plain["rtl"] = direction(value.lang) == "rtl"
        base = value.lang.partition("-")[0]
        plain["lang"] = base if _TYPST_LANG.fullmatch(base) else "und"  # Typst takes nothing else
    return plain | {"kind": type(value).__name__}


def _figure(figure: Figure) -> Mapping[str, Any]:
    return {
        "kind": "Figure",
        "caption": figure.caption,
        "drawings": [{"svg": figure_svg(page), "alt": page.alt} for page in figures_by_page(figure)],
    }
