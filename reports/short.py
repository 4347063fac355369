"""Names too long for a table's row: shortened everywhere, and listed in full at the end of the report."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

from robustir.reports.blocks import Document, Examples, Facts, Heading
from robustir.reports.formats import without_folders

__all__ = ["hide_folders", "short_forms", "shorten_names"]

_WIDEST = 32  # characters of a name that fit a row
_TAIL = 12  # of these at the end of a shortened name, which has arguments and versions
_KEPT = frozenset({"id", "links", "example_links"})  # anchors
T = TypeVar("T")


def short_forms(names: Iterable[str], widest: int = _WIDEST) -> dict[str, str]:
    """Return a distinct short form for every name longer than ``widest`` characters; equal forms get a number."""
    wanted = list(dict.fromkeys(names))
    taken = {name for name in wanted if len(name) <= widest}
    forms: dict[str, str] = {}
    for name in wanted:
        if len(name) <= widest:
            continue
        form = plain = f"{name[: widest - _TAIL - 1].rstrip()}…{name[-_TAIL:].lstrip()}"
        number = 1
        while form in taken:
            number += 1
            form = f"{plain}·{number}"
        taken.add(form)
        forms[name] = form
    return forms


def shorten_names(document: Document, names: Iterable[str]) -> Document:
    """Return the document with long names in their short form, and a list of the full ones in its last section."""
    forms = short_forms(names)
    if not forms:
        return document
    pattern = re.compile("|".join(re.escape(name) for name in sorted(forms, key=len, reverse=True)))

    def shorten(text: str) -> str:
        return pattern.sub(lambda found: forms[found.group()], text)

    *body, last = document.sections
    in_full = (Heading("Names in full"), Facts(tuple((form, name) for name, form in forms.items())))
    shown: dict[str, Any] = {
        name: _mapped(getattr(document, name), shorten) for name in ("title", "summary", "notices", "encoders")
    }
    return replace(
        document,
        # The last section keeps the full names.
        sections=(*(_mapped(section, shorten) for section in body), replace(last, blocks=(*in_full, *last.blocks))),
        **shown,
    )


def hide_folders(document: Document) -> Document:
    """Return the document without the folders of paths on this machine; examples keep their texts."""
    parts = {
        one.name: _mapped(getattr(document, one.name), without_folders)
        for one in fields(document)
        if one.name != "sections"
    }
    sections = tuple(
        replace(
            section,
            blocks=tuple(
                _titles(block) if isinstance(block, Examples) else _mapped(block, without_folders)
                for block in section.blocks
            ),
        )
        for section in document.sections
    )
    return replace(document, sections=sections, **parts)


def _titles(block: Examples) -> Examples:
    items = tuple(replace(item, title=without_folders(item.title)) for item in block.items)
    return replace(block, items=items)


def _mapped(value: T, change: Callable[[str], str]) -> T:
    """Return a document's part with every text changed, except anchors."""
    part: Any = value
    if isinstance(part, str):
        part = change(part)
    elif isinstance(part, tuple):
        part = tuple(_mapped(item, change) for item in part)
    elif is_dataclass(part) and not isinstance(part, type):
        kept = {column.name: getattr(part, column.name) for column in fields(part) if column.name not in _KEPT}
        part = replace(part, **{name: _mapped(item, change) for name, item in kept.items()})
    return cast("T", part)
