"""The main tables as LaTeX, to be \\input into a paper: booktabs, no colours, every text escaped."""

from __future__ import annotations

import re
from dataclasses import replace

from robustir.reports.blocks import Cell, Column, Document, Table, tables_of
from robustir.reports.formats import MINUS
from robustir.stats import letter

__all__ = ["escape_latex", "render_latex"]

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "'": r"\textquotesingle{}", "`": r"\textasciigrave{}",
    "[": "{[}", "]": "{]}", "-": "{-}", MINUS: r"\textminus{}", "–": r"\textendash{}", "—": r"\textemdash{}",
    "“": r"\textquotedblleft{}", "”": r"\textquotedblright{}", "’": r"\textquoteright{}", "‘": r"\textquoteleft{}",
    "†": r"\textdagger{}", "‡": r"\textdaggerdbl{}", "·": r"\textperiodcentered{}", "\u202f": r"\,", "\u00a0": "~",
    "…": r"\textellipsis{}", "→": r"\textrightarrow{}", "≈": r"\ensuremath{\approx}",
    "§": r"\S{}", "°": r"\textdegree{}", "×": r"\texttimes{}", "↓": r"\textdownarrow{}", "↑": r"\textuparrow{}",
    "«": r"\guillemotleft{}", "»": r"\guillemotright{}", "\n": " ",
}  # fmt: skip
_SPECIAL_PATTERN = re.compile("|".join(re.escape(character) for character in _SPECIAL))
# A table wider than a column or page is scaled down to it.
_FITTING = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}"
_ROWS = 36  # of a table on one page
_COLUMN, _PAGE = 50, 110  # letters of small type that fit a column of two, and a page
_LONG = 26  # letters of a cell that stay on one line where intervals lie below their numbers
_BREAKS = re.compile(r"(?<=[(,=/:_.-])(?=\S)")
_LABEL = re.compile(r"[^A-Za-z0-9]+")


def escape_latex(text: str) -> str:
    """Return text that LaTeX shows unchanged, without commands, comments, optional arguments or ligatures of hyphens."""
    return _SPECIAL_PATTERN.sub(lambda match: _SPECIAL[match.group()], text)


def render_latex(document: Document) -> str:
    """Return the main tables, one ``table`` environment each, after a comment that names the packages they need."""
    tables = [table for table in tables_of(document.sections) if table.main]
    head = [
        f"% {_comment(document.title)}, {_comment(document.created)}",
        (
            "% Needs \\usepackage[T1]{fontenc}, \\usepackage{textcomp}, \\usepackage{booktabs} and \\usepackage{graphicx}; "
            "names in other scripts need XeLaTeX or LuaLaTeX."
        ),
        *(f"% {_comment(sentence)}" for sentence in document.summary),
    ]
    return "\n".join([*head, *(_table(part) for table in tables if table.rows for part in _parts(table))]) + "\n"


def _comment(text: str) -> str:
    """Return text for a comment line: a line break (of any kind) would end the comment."""
    return " ".join(text.split())


def _parts(table: Table) -> list[Table]:
    """Return the table, cut into parts that fit a page."""
    if len(table.rows) <= _ROWS:
        return [table]
    cuts = range(0, len(table.rows), _ROWS)
    return [
        replace(
            table,
            id=table.id if not at else f"{table.id}-{at // _ROWS + 1}",
            caption=table.caption if not at else f"{table.caption} (continued)",
            rows=table.rows[at : at + _ROWS],
            breaks=tuple(row - at for row in table.breaks if at < row < at + _ROWS),
        )
        for at in cuts
    ]


def _letters(table: Table, *, stacked: bool) -> int:
    """Return the approximate width of a table in letters."""

    def width(cell: Cell) -> int:
        if stacked:
            return max(min(len(cell.text), _LONG), len(cell.interval))
        return len(cell.text) + len(cell.raised) + len(cell.interval)

    heads = [len(column.title) + len(column.below) for column in table.columns]
    columns = [max([head, *(width(row[at]) for row in table.rows)]) for at, head in enumerate(heads)]
    return sum(columns) + 2 * len(columns)


def _table(table: Table) -> str:
    """Return the table; one too wide for a column spans both, and one too wide for a page has intervals below their numbers."""
    columns = "".join("r" if column.number else "l" for column in table.columns)
    stacked = _letters(table, stacked=False) > _PAGE
    environment = "table" if _letters(table, stacked=stacked) <= _COLUMN else "table*"
    lines = [
        "",
        f"\\begin{{{environment}}}",
        "  \\centering\\sloppy\\small",
        f"  \\caption{{{_breakable(table.caption)}}}",
        f"  \\label{{tab:{_LABEL.sub('-', table.id).strip('-')}}}",
        f"  {_FITTING}{{\\begin{{tabular}}{{@{{}}{columns}@{{}}}}",
        "    \\toprule",
        "    " + " & ".join(_title(column) for column in table.columns) + " \\\\",
        "    \\midrule",
    ]
    for position, row in enumerate(table.rows):
        named = position and table.headers > 1 and row[0].text != table.rows[position - 1][0].text
        if named or position in table.breaks:
            lines.append("    \\addlinespace")
        lines.append("    " + " & ".join(_cell(cell, stacked=stacked) for cell in row) + " \\\\")
    lines += ["    \\bottomrule", "  \\end{tabular}}"]
    if table.note:
        lines.append(
            f"  \\par\\smallskip\\parbox{{\\linewidth}}{{\\footnotesize\\raggedright {_breakable(table.note)}}}"
        )
    return "\n".join([*lines, f"\\end{{{environment}}}"])


def _breakable(text: str) -> str:
    """Return text with break points in specs such as ``name(key='value')``, which have no spaces."""
    return "\\allowbreak{}".join(escape_latex(part) for part in _BREAKS.split(text))


def _cell(cell: Cell, *, stacked: bool) -> str:
    text = escape_latex(cell.text)
    if cell.mark == "strong":
        text = f"\\textbf{{{text}}}"
    if cell.raised:
        text += f"\\textsuperscript{{{escape_latex(cell.raised)}}}"
    if stacked and len(cell.text) > _LONG:
        return f"\\parbox[t]{{11em}}{{\\raggedright {_lettered(cell.key)}{_breakable(cell.text)}}}"
    text = _lettered(cell.key) + text
    if not cell.interval:
        return text
    interval = f"{{\\footnotesize {escape_latex(cell.interval)}}}"
    return f"\\shortstack[r]{{{text}\\\\{interval}}}" if stacked else f"{text} {interval}"


def _title(column: Column) -> str:
    below = f" ({column.below})" if column.below else ""
    return _lettered(column.key) + escape_latex(column.title + below)


def _lettered(key: int | None) -> str:
    """Return the letter of an encoder, before its name."""
    return "" if key is None else f"\\textsf{{{letter(key)}}}~"
