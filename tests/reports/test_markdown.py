from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from robustir import reports
from robustir.reports import build
from robustir.reports.blocks import Cell, Column, Document, Facts, Listing, Paragraph, Section, Table, tables_of
from robustir.reports.renderers.markdown import escape_markdown, render_markdown
from tests.reports.factory import Factory
from tests.reports.test_rendering import NASTY

GITHUB = MarkdownIt("gfm-like", {"linkify": False})
LINES = (
    *NASTY,
    "- item",
    "1. first",
    "# no heading",
    "=====",
    "> quote",
    "a | b",
    "[x](javascript:1)",
    "![i](u)",
    "a_b_c *d*",
)


def document(*sections: Section, text: str = "") -> Document:
    findings = Factory().findings()
    whole = build(findings, findings.manifest)
    return replace(whole, title=text, description=text, summary=(text,), notices=(text,), sections=sections)


def tokens(source: str) -> list[Token]:
    """What a reader of GitHub's Markdown makes of the source, an independent parser's."""
    return GITHUB.parse(source)


def texts(source: str) -> list[str]:
    found = []
    for token in tokens(source):
        for child in token.children or ():
            if child.type in {"text", "text_special", "code_inline"}:
                found.append(child.content)
    return found


@pytest.mark.parametrize("text", LINES)
def test_any_text_is_shown_unchanged(text: str) -> None:
    shown = tokens(escape_markdown(text))
    assert [token.type for token in shown] == ["paragraph_open", "inline", "paragraph_close"]
    assert {child.type for child in shown[1].children or ()} <= {"text", "text_special"}
    # CommonMark replaces the null character
    assert "".join(texts(escape_markdown(text))) == " ".join(text.split()).replace("\x00", "�")


def table(text: str) -> Table:
    return Table(
        id="t",
        caption=text,
        columns=(Column(text, number=False), Column("AP")),
        rows=((Cell(text), Cell("−1.2", "[−2.0, −0.4]", mark="strong")), (Cell("b"), Cell("0.3"))),
        note=text,
    )


@pytest.mark.parametrize("text", ["a | b", "**x**", "line\nbreak", "<b>&amp;", "`code`"])
def test_tables_keep_their_cells_whatever_their_text(text: str) -> None:
    section = Section("s", text, (table(text), Facts(((text, text),)), Paragraph(text)))
    shown = tokens(render_markdown(document(section, text=text)))
    assert sum(token.type == "th_open" for token in shown) == 2
    assert sum(token.type == "td_open" for token in shown) == 4
    assert sum(token.type == "heading_open" for token in shown) == 2
    line = " ".join(text.split())
    first_cell = next(at for at, token in enumerate(shown) if token.type == "td_open") + 1
    assert "".join(child.content for child in shown[first_cell].children or ()) == line


def test_a_change_in_bold_is_followed_by_its_interval() -> None:
    source = render_markdown(document(Section("s", "S", (table("a"),))))
    assert "| a | **−1.2** \\[−2.0, −0.4\\] |" in source


def test_a_listing_holds_whatever_it_says() -> None:
    section = Section("s", "S", (Listing("suite", "```\n# x\n</pre>"),))
    shown = tokens(render_markdown(document(section)))
    assert [token.content for token in shown if token.type == "code_block"] == ["```\n# x\n</pre>\n"]


def test_a_report_of_a_run_has_its_sections_and_tables(tmp_path: Path) -> None:
    findings = Factory().findings()
    assert reports.write_reports(findings, findings.manifest, tmp_path, ["markdown"]) == []
    source = (tmp_path / "report.md").read_text(encoding="utf-8")
    whole = build(findings, findings.manifest)
    headings = [line for line in source.splitlines() if line.startswith("## ")]
    assert [heading[3:].replace("\\", "") for heading in headings] == [section.title for section in whole.sections]
    there = list(tables_of(whole.sections))
    assert sum(token.type == "table_open" for token in tokens(source)) == len(there)
    alone = replace(whole, sections=whole.sections[:1])
    assert render_markdown(alone).count("\n## ") == 1
