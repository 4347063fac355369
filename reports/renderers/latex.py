"""The main tables as LaTeX, to be \\input into a paper: booktabs, no colours, every text escaped."""

from __future__ import annotations

import re

from robustir.reports.blocks import Cell, Document, Table
from robustir.reports.formats import MINUS

__all__ = ["escape_latex", "render_latex"]

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "'": r"\textquotesingle{}", "`": r"\textasciigrave{}",
    "[": "{[}", "]": "{]}", "-": "{-}", MINUS: r"\textminus{}", "–": r"\textendash{}", "—": r"\textemdash{}",
    "“": r"\textquotedblleft{}", "”": r"\textquotedblright{}", "’": r"\textquoteright{}", "‘": r"\textquoteleft{}",
    "†": r"\textdagger{}", "‡": r"\textdaggerdbl{}", "·": r"\textperiodcentered{}", "\u202f": r"\,", "\u00a0": "~",
    "…": r"\textellipsis{}", "→": r"\textrightarrow{}", "≈": r"\ensuremath{\approx}", "\n": " ",
}  # fmt: skip
_SPECIAL_PATTERN = re.compile("|".join(re.escape(character) for character in _SPECIAL))
# A table wider than a column or page is scaled down to it.
_FITTING = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}"
_LABEL = re.compile(r"[^A-Za-z0-9]+")


def escape_latex(text: str) -> str:
    """Return text that LaTeX shows unchanged, without commands, comments, optional arguments or ligatures of hyphens."""
    return _SPECIAL_PATTERN.sub(lambda match: _SPECIAL[match.group()], text)


def render_latex(document: Document) -> str:
    """Return the main tables, one ``table`` environment each, after a comment that names the packages they need."""
    tables = [
        block for section in document.sections for block in section.blocks if isinstance(block, Table) and block.main
    ]
    head = [
        f"% {_comment(document.title)}, {_comment(document.created)}",
        (
            "% Needs \\usepackage[T1]{fontenc}, \\usepackage{textcomp}, \\usepackage{booktabs} and \\usepackage{graphicx}; "
            "names in other scripts need XeLaTeX or LuaLaTeX."
        ),
        *(f"% {_comment(sentence)}" for sentence in document.summary),
    ]
    return "\n".join([*head, *(_table(table) for table in tables if table.rows)]) + "\n"


def _comment(text: str) -> str:
    """Return text for a comment line: a line break (of any kind) would end the comment."""
    return " ".join(text.split())


def _table(table: Table) -> str:
    columns = "".join("r" if column.number else "l" for column in table.columns)
    lines = [
        "",
        "\\begin{table}",
        "  \\centering\\small",
        f"  \\caption{{{escape_latex(table.caption)}}}",
        f"  \\label{{tab:{_LABEL.sub('-', table.id).strip('-')}}}",
        f"  {_FITTING}{{\\begin{{tabular}}{{@{{}}{columns}@{{}}}}",
        "    \\toprule",
        "    " + " & ".join(escape_latex(column.title) for column in table.columns) + " \\\\",
        "    \\midrule",
    ]
    for position, row in enumerate(table.rows):
        if position and table.headers > 1 and row[0].text != table.rows[position - 1][0].text:
            lines.append("    \\addlinespace")
        lines.append("    " + " & ".join(_cell(cell) for cell in row) + " \\\\")
    lines += ["    \\bottomrule", "  \\end{tabular}}"]
    if table.note:
        lines.append(f"  \\par\\smallskip\\footnotesize {escape_latex(table.note)}")
    return "\n".join([*lines, "\\end{table}"])


def _cell(cell: Cell) -> str:
    text = escape_latex(cell.text)
    if cell.mark == "strong":
        text = f"\\textbf{{{text}}}"
    return f"{text} {{\\footnotesize {escape_latex(cell.interval)}}}" if cell.interval else text
