"""A document as Markdown (GitHub's dialect), for model cards, issues and the pages of a project: every text escaped."""

from __future__ import annotations

import re

from robustir.reports.blocks import (
    Block,
    Cell,
    Column,
    Document,
    Example,
    Examples,
    Facts,
    Figure,
    Heading,
    Listing,
    Notice,
    Segment,
    Table,
    Tables,
)
from robustir.stats import letter

__all__ = ["escape_markdown", "render_markdown"]

_SPECIAL = re.compile(r"[\\`*_{}\[\]<>#|~&$]")
_LINE_START = re.compile(r"^([-+=]|\d+[.)])(?=\s|$)")  # what would begin a list or underline a heading


def escape_markdown(text: str) -> str:
    """Return text on one line that Markdown shows unchanged: no markup, HTML, entity, cell border or formula."""
    escaped = _SPECIAL.sub(lambda match: f"\\{match.group()}", " ".join(text.split()))
    return _LINE_START.sub(lambda match: f"{match.group()[:-1]}\\{match.group()[-1]}", escaped)


def render_markdown(document: Document) -> str:
    """Return the document: its summary, then every section; a figure is its caption, since drawings are files beside it."""
    parts = [f"# {escape_markdown(document.title)}", escape_markdown(document.description)]
    parts.append("\n".join(f"- {escape_markdown(sentence)}" for sentence in document.summary))
    parts += [_quoted(text) for text in document.notices]
    for section in document.sections:
        parts.append(f"## {escape_markdown(section.title)}")
        parts += [_block(block) for block in section.blocks]
    return "\n\n".join(part for part in parts if part) + "\n"


def _block(block: Block) -> str:
    match block:
        case Table():
            return _table(block)
        case Tables():
            return "\n\n".join([*map(_table, block.tables), escape_markdown(block.note)])
        case Figure():
            return f"*{escape_markdown(block.caption)}*"
        case Examples():
            return "\n\n".join([f"### {escape_markdown(block.caption)}", *(_example(item) for item in block.items)])
        case Facts():
            return "\n".join(f"- {escape_markdown(name)}: {escape_markdown(text)}" for name, text in block.pairs)
        case Notice():
            return _quoted(block.text)
        case Heading():
            return f"### {escape_markdown(block.text)}"
        case Listing():
            return f"{escape_markdown(block.title)}:\n\n" + _verbatim(block.text)
        case _:
            return escape_markdown(block.text)


def _quoted(text: str) -> str:
    return f"> {escape_markdown(text)}"


def _verbatim(text: str) -> str:
    """Return an indented block, which no text can end."""
    return "\n".join(f"    {line}" for line in text.splitlines())


def _table(table: Table) -> str:
    rule = ["---:" if column.number else "---" for column in table.columns]
    rows = [
        [_title(column) for column in table.columns],
        rule,
        *([_cell(cell) for cell in row] for row in table.rows),
    ]
    lines = [f"**{escape_markdown(table.caption)}**", "", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join([*lines, "", escape_markdown(table.note)] if table.note else lines)


def _title(column: Column) -> str:
    below = f" ({column.below})" if column.below else ""
    return f"{_lettered(column.key)}{escape_markdown(column.title + below)}".strip()


def _lettered(key: int | None) -> str:
    """Return the letter of an encoder, before its name."""
    return "" if key is None else f"*{letter(key)}* "


def _cell(cell: Cell) -> str:
    text = escape_markdown(cell.text)
    if cell.mark == "strong" and text:
        text = f"**{text}**"
    if cell.raised:
        text += f"<sup>{escape_markdown(cell.raised)}</sup>"
    text = _lettered(cell.key) + text
    return f"{text} {escape_markdown(cell.interval)}" if cell.interval else text


def _example(item: Example) -> str:
    lines = [
        f"**{escape_markdown(item.title)}** {escape_markdown(item.outcome)}",
        _segments(item.clean),
        _segments(item.noisy),
        *(f"{escape_markdown(beside.label)}: {escape_markdown(beside.text)}" for beside in item.asides),
    ]
    return "\n".join(f"- {line}" if at == 0 else f"  {line}  " for at, line in enumerate(lines))


def _segments(items: tuple[Segment, ...]) -> str:
    return escape_markdown("".join(item.text for item in items))
