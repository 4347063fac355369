"""LaTeX tables: they compile with the stated packages, in one column and in two, and no box is overfull."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from robustir.reports import build, render_latex
from robustir.reports.blocks import Cell, Column, Document, Section, Table
from robustir.reports.renderers.latex import escape_latex
from robustir.reports.sections.matrix import signs
from tests.reports.factory import Factory

NOISES = ("typos", "ocr", "compose(typos, 'code-switch(into=en, keep=0.25)')")
ENCODERS = ("hashing", "hashing(analyzer='word')", "bm25", f"organisation/{'multilingual-retriever-' * 2}v1")


def document() -> Document:
    findings = Factory(encoders=ENCODERS, perturbations=NOISES).findings()
    return build(findings, findings.manifest)


def one_table(columns: int, rows: int, interval: str = "") -> str:
    table = Table(
        "t",
        "caption",
        tuple(Column(f"column {at}") for at in range(columns)),
        tuple(tuple(Cell("−12.3", interval) for _ in range(columns)) for _ in range(rows)),
        main=True,
    )
    return render_latex(Document("t", "", "", (), (), (Section("s", "s", (table,)),)))


def test_a_table_too_wide_for_a_column_spans_both_and_a_long_one_is_cut() -> None:
    assert "\\begin{table}" in one_table(3, 2)
    assert "\\begin{table*}" in one_table(9, 2)
    long = one_table(3, 80)
    assert long.count("\\begin{table}") == 3
    assert long.count("continued)") == 2
    assert re.findall(r"label\{(.*?)\}", long) == ["tab:t", "tab:t-2", "tab:t-3"]


def test_intervals_lie_below_their_numbers_only_if_the_page_is_too_narrow() -> None:
    assert "\\shortstack" not in one_table(4, 2, "[−13.0, −11.0]")
    assert one_table(8, 2, "[−13.0, −11.0]").count("\\shortstack[r]") == 16


def test_specs_break_in_captions_and_every_sign_of_a_report_is_known() -> None:
    source = render_latex(document())
    assert "compose(\\allowbreak{}typos" in source
    assert "\\guillemotright{}" in source
    assert all(escape_latex(sign).isascii() for sign in signs().values())
    body = [line for line in source.splitlines() if not line.startswith("%")]
    assert {letter for line in body for letter in line if ord(letter) > 127} == set()


@pytest.mark.slow
@pytest.mark.parametrize("options", ["", "twocolumn"])
def test_the_tables_compile_with_the_stated_packages_and_no_box_is_overfull(tmp_path: Path, options: str) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("needs pdflatex (texlive-latex-recommended)")
    source = render_latex(document())
    packages = re.findall(r"\\usepackage(?:\[\w+\])?\{\w+\}", source.splitlines()[1])
    assert len(packages) == 4
    (tmp_path / "report.tex").write_text(source, encoding="utf-8")
    (tmp_path / "paper.tex").write_text(
        f"\\documentclass[{options}]{{article}}\n{chr(10).join(packages)}\n\\begin{{document}}\nText.\n"
        "\\input{report}\n\\clearpage\n\\end{document}\n",
        encoding="utf-8",
    )
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert run.returncode == 0, run.stdout[-2000:]
    assert not re.findall(r"^Overfull .*", run.stdout, re.MULTILINE)
    assert not re.findall(r"Missing character.*|float specifier.*|Float too large.*", run.stdout)
