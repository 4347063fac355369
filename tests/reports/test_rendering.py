from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from robustir import reports
from robustir.analysis import Findings, read_findings
from robustir.errors import InputError
from robustir.languages import language
from robustir.reports import Document, build, render_html, render_latex
from robustir.reports.blocks import direction
from robustir.reports.renderers.latex import escape_latex
from robustir.reports.renderers.pdf import compile_pdf
from robustir.rundir.manifest import FailedEntry, RefusedEntry
from tests.reports.factory import Factory

NASTY = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}{% raw %}",
    '#eval("1+1") *bold* $x$ @ref <label> `raw` // comment',
    "\\input{/etc/passwd} \\\\ 100% $x_1^2$ #1 ~ & {} -- [opt]",
    "&lt;b&gt; &amp; ]]> </style></svg>",
    "\u202ertl override\u202c \x00\x1b[31m \ud800",
)


def nasty(text: str) -> Findings:
    """A small run in which every name and text is hostile."""
    encoders = tuple(f"{text} {i}" for i in range(2))
    findings = Factory(encoders=encoders, perturbations=(f"{text} noise",), benchmarks=(f"{text} b",)).findings()
    examples = findings.examples.copy()
    for column, value in (("clean_text", f"{text} clean"), ("noisy_text", f"{text} noisy"), ("query_id", text)):
        examples[column] = pd.Series([value] * len(examples), dtype=object)  # str columns refuse lone surrogates
    assert findings.manifest is not None
    manifest = replace(
        findings.manifest,
        name=text,
        description=text,
        versions={text: text},
        failed=(FailedEntry(benchmark=text, encoder=text, condition=text, cell=text, error=text),),
        not_applicable=(RefusedEntry(benchmark=text, perturbation=text, language=text, reason=text),),
        suite=findings.manifest.suite.model_copy(update={"question": text}),
    )
    return replace(findings, examples=examples, manifest=manifest)


@pytest.fixture(scope="module")
def document() -> Document:
    findings = Factory().findings()
    return build(findings, findings.manifest)


class Page(HTMLParser):
    """Collects what a browser would see: elements with attributes, text, and whether the nesting is right."""

    VOID = frozenset({"meta", "wbr", "br", "img", "link", "input"})

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_page_is_one_file_without_network_and_its_policy_allows_the_sorting_script_alone(
    document: Document,
) -> None:
    page = Page(render_html(document))
    assert page.open == []
    assert not {"link", "img", "iframe", "object"} & {tag for tag, _ in page.tags}
    (script,) = re.findall(r"<script>(.*?)</script>", render_html(document), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = [one["content"] or "" for one in page.all("meta") if one.get("http-equiv")]
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}';" in policy
    assert not [attributes for _, attributes in page.tags if {"src", "srcset", "action"} & attributes.keys()]
    targets = [attributes["href"] or "" for attributes in page.all("a")]
    anchors = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert all(target.startswith("#") and target[1:] in anchors for target in targets)
    assert len(anchors) == len(set(anchors))


def test_the_page_can_be_listened_to(document: Document) -> None:
    page = Page(render_html(document))
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(attributes["scope"] in {"col", "row"} for attributes in page.all("th"))
    assert all(attributes.get("aria-label") or attributes.get("aria-hidden") for attributes in page.all("svg"))
    queries = [attributes for attributes in page.all("p") if attributes.get("class") == "query"]
    assert {(item["lang"], item["dir"]) for item in queries} >= {("ar", "rtl"), ("hi", "ltr"), ("zh", "ltr")}


@pytest.mark.parametrize("text", NASTY)
def test_markup_in_texts_never_becomes_markup_in_html(text: str) -> None:
    findings = nasty(text)
    source = render_html(build(findings, findings.manifest))
    page = Page(source)
    assert page.open == []
    assert not {"img", "label"} & {tag for tag, _ in page.tags}
    assert len(page.all("script")) == 1
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert len(page.all("style")) == 1
    shown = re.sub("[\x00\x1b\ud800]", "\ufffd", text).replace("\u202e", "[U+202E]").replace("\u202c", "[U+202C]")
    assert sum(shown in piece for piece in page.text) >= 10
    assert source.encode("utf-8")


def test_markup_in_texts_never_becomes_markup_in_typst() -> None:
    findings = nasty(" ".join(NASTY))
    content, _ = compile_pdf(build(findings, findings.manifest))
    assert content.startswith(b"%PDF-")


def test_latex_shows_every_special_character_as_it_is() -> None:
    assert escape_latex("a_b & 100% #1 $x$ {y} ^ ~ \\") == (
        r"a\_b \& 100\% \#1 \$x\$ \{y\} \textasciicircum{} \textasciitilde{} \textbackslash{}"
    )
    assert escape_latex("a--b [c]") == "a{-}{-}b {[}c{]}"  # no dash ligature, no optional argument


@pytest.mark.parametrize("text", NASTY)
def test_markup_in_texts_never_becomes_markup_in_latex(text: str) -> None:
    findings = nasty(text)
    source = render_latex(build(findings, findings.manifest))
    body = "\n".join(line for line in source.split("\n") if not line.startswith("%"))
    assert "\\input{" not in body
    assert body.count("\\begin{table") == body.count("\\end{table") > 0
    # Without the escapes no brace is unbalanced and no character keeps a special meaning.
    bare = re.sub(r"\\[\\{}$&#%_]|\\[A-Za-z]+", "", body)
    assert bare.count("{") == bare.count("}")
    assert not re.search(r"[$#%_^]", bare.replace("@{}", ""))


def test_latex_tables_hold_the_main_results(document: Document) -> None:
    source = render_latex(document)
    assert "hashing & 62.0 {\\footnotesize {[}59.2, 64.8{]}} & 3.2 & " in source
    assert "\\label{tab:clean-mini}" in source
    assert "\\label{tab:comparisons-primary}" in source
    assert "\\label{tab:heat" not in source


def test_no_latex_table_is_wider_than_its_column_and_the_head_names_every_package(document: Document) -> None:
    source = render_latex(document)
    tables = [found.group() for found in re.finditer(r"\\begin\{(table\*?)\}.*?\\end\{\1\}", source, re.DOTALL)]
    assert len(tables) > 3
    narrow = re.compile(
        r"\\resizebox\{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi\}\{!\}\{\\begin\{tabular\}.*?\\end\{tabular\}\}",
        re.DOTALL,
    )
    assert all(len(narrow.findall(text)) == 1 for text in tables)
    assert set(re.findall(r"usepackage(?:\[\w+\])?\{(\w+)\}", source)) == {
        "fontenc",
        "textcomp",
        "booktabs",
        "graphicx",
    }
    assert escape_latex("multi…v1 → ≈2") == r"multi\textellipsis{}v1 \textrightarrow{} \ensuremath{\approx}2"


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("first", "second"):
        findings = Factory().findings()
        assert reports.write_reports(findings, findings.manifest, tmp_path / folder, reports.FORMATS) == []
    first, second = (
        {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in sorted((tmp_path / name).rglob("*"))
            if path.is_file()
        }
        for name in ("first", "second")
    )
    assert first == second
    assert {str(path) for path in first} >= {"report.html", "report.pdf", "report.tex", "findings/contrasts.csv"}
    assert {f"figures/curves-mini.{suffix}" for suffix in ("svg", "pdf")} <= {str(path) for path in first}


def test_the_pdf_carries_the_runs_date_and_not_the_clocks(document: Document) -> None:
    content, _ = compile_pdf(document)
    plain = content + b"".join(
        inflate(stream) for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    )
    dates = set(re.findall(rb"D:(\d{8})", plain))
    assert dates == {b"20261123"}


def inflate(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""


def test_a_date_that_is_none_is_no_obstacle(document: Document) -> None:
    content, _ = compile_pdf(replace(document, created=""))
    assert content.startswith(b"%PDF-")


def test_csv_holds_every_row(tmp_path: Path) -> None:
    findings = Factory().findings()
    reports.write_reports(findings, findings.manifest, tmp_path, ["csv"])
    assert not (tmp_path / "report.html").exists()
    again = read_findings(tmp_path / "findings")
    pd.testing.assert_frame_equal(again.comparisons, findings.comparisons, rtol=1e-9)
    assert len(again.contrasts) == 4 * 2 * 4 * (12 + 111 + 12)


@pytest.mark.parametrize(
    ("name", "head"), [("r.html", b"<!DOCTYPE html>"), ("r.PDF", b"%PDF-"), ("r.tex", b"% 4 encoders under typos")]
)
def test_the_suffix_chooses_the_format(tmp_path: Path, name: str, head: bytes) -> None:
    findings = Factory().findings()
    assert reports.render(findings, findings.manifest, tmp_path / name) == []
    assert (tmp_path / name).read_bytes().startswith(head)


def test_unknown_formats_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    findings = Factory().findings()
    with pytest.raises(InputError, match=r"\.html"):
        reports.render(findings, findings.manifest, tmp_path / "report.docx")
    with pytest.raises(InputError, match="html, pdf, latex, markdown, csv"):
        reports.write_reports(findings, findings.manifest, tmp_path, ["html", "docx"])
    assert list(tmp_path.iterdir()) == []


def test_the_page_folds_what_a_reader_does_not_meet_first_and_the_pdf_has_it_in_its_appendix(
    document: Document,
) -> None:
    appendix = [section.id for section in document.sections if section.open == 0]
    assert appendix == ["clean-scores", "degradation", "failed-cells", "manifest"]
    more = [section for section in document.sections if section.open and section.blocks[section.open :]]
    page = Page(render_html(document))
    folds = [attributes for attributes in page.all("details") if "fold" in (attributes.get("class") or "")]
    assert len(folds) == len(appendix) + len(more)
    assert not [attributes for attributes in folds if "open" in attributes]
    short, whole = (compile_pdf(document, appendix=appended)[0] for appended in (False, True))
    assert len(short) < len(whole)


@pytest.mark.parametrize("part", ["comparisons", "degradation"])
def test_one_part_of_a_report_is_written_whole(part: str, tmp_path: Path) -> None:
    findings = Factory().findings()
    document = build(findings, findings.manifest, (part,))
    assert [section.id for section in document.sections] == [part]
    assert document.sections[0].open is None
    reports.write_reports(findings, findings.manifest, tmp_path, ["html"], reports.Layout((part,)))
    assert f'id="{part}"' in (tmp_path / "report.html").read_text(encoding="utf-8")
    with pytest.raises(InputError, match=f"no part 'nothing'; its parts are .*{part}"):
        build(findings, findings.manifest, ("nothing",))


def test_the_manifest_is_in_the_page(document: Document) -> None:
    page = Page(render_html(document))
    text = next(piece for piece in page.text if piece.startswith("{"))
    manifest: dict[str, Any] = json.loads(text)
    assert manifest["suite"]["seed"] == 7
    assert manifest["cells"] == "4 entries, in manifest.json"


def test_ids_of_the_page_are_plain_distinct_and_linked_to() -> None:
    names = ("compose(typos, 'code-switch(into=\"en\")')", 'compose(typos, “code-switch(into="en")”)', "тайпо")
    findings = Factory(perturbations=names).findings()
    page = render_html(build(findings, findings.manifest))
    ids = re.findall(r' id="([^"]*)"', page)
    assert len(ids) == len(set(ids)) > 20
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]*", one) for one in ids)
    assert set(re.findall(r'href="#([^"]*)"', page)) <= set(ids)


def test_dialects_of_arabic_run_from_right_to_left_with_their_own_codes() -> None:
    for code in ("arq", "arz"):
        assert (direction(code), language(code).script) == ("rtl", "Arab")
    findings = Factory().findings()
    examples = findings.examples.assign(query_lang=findings.examples["query_lang"].replace({"ar": "arq"}))
    page = render_html(build(replace(findings, examples=examples), findings.manifest))
    assert re.search(r'<p class="query" lang="arq" dir="rtl">', page)
