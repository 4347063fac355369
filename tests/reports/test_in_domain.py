"""An encoder that was trained on a benchmark's own collection is marked wherever it meets the benchmark."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typst

import robustir
from robustir.encoders.static_files import write_packed
from robustir.planning.suite import validate_suite
from robustir.reports import build, render_html, render_latex
from robustir.reports.blocks import Table
from robustir.reports.renderers.latex import escape_latex
from robustir.reports.renderers.pdf import compile_pdf
from tests.planning.test_strategies import record
from tests.reports.factory import Factory

NOTE = "in-domain: trained on sentences of this benchmark's own collection, so not a fair test."
KNOWN = Factory(
    encoders=("static-hybrid", "hashing"),
    benchmarks=("tatoeba", "ntrex"),
    in_domain=frozenset({("tatoeba", "static-hybrid")}),
)


def headings(table: Table) -> list[str]:
    heads = [cell.text for row in table.rows for cell in row[: table.headers]]
    return heads + [text for column in table.columns for text in (column.title, column.hint)]


def test_every_table_about_the_benchmark_marks_the_encoder_and_says_what_the_mark_means() -> None:
    findings = KNOWN.findings()
    document = build(findings, findings.manifest)
    tables = [block for section in document.sections for block in section.blocks if isinstance(block, Table)]
    about = [table for table in tables if any("static-hybrid" in text for text in headings(table))]
    assert {table.id.split("-")[0] for table in about} == {
        "clean",
        "areas",
        "differences",
        "heat",
        "matrix",
        "comparisons",
        "bias",
    }
    for table in about:
        columns = [" ".join((column.title, column.hint)) for column in table.columns]
        for heading in (*(" ".join(cell.text for cell in row[: table.headers]) for row in table.rows), *columns):
            known = "static-hybrid" in heading and "tatoeba" in f"{heading} {table.id}"
            assert ("static-hybrid\u00a0§" in heading) == known, (table.id, heading)
        assert (NOTE in table.note) == ("tatoeba" in table.id or table.id.startswith("comparisons")), table.id
    assert any("In-domain on tatoeba" in notice and "static-hybrid" in notice for notice in document.notices)
    assert not any("ntrex" in notice for notice in document.notices if "In-domain" in notice)


def test_html_typst_and_latex_carry_mark_and_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    findings = KNOWN.findings()
    document = build(findings, findings.manifest)
    given: list[str] = []
    compiler = typst.Compiler

    def watched(template: bytes, **options: Any) -> Any:
        given.append(json.dumps(json.loads(options["sys_inputs"]["document"]), ensure_ascii=False))
        return compiler(template, **options)

    monkeypatch.setattr(typst, "Compiler", watched)
    content, missing = compile_pdf(document)
    assert content.startswith(b"%PDF")
    assert missing == []
    for source in (html.unescape(render_html(document)), *given):
        assert "static-hybrid\u00a0§" in source
        assert NOTE in source
    latex = render_latex(document)
    assert escape_latex("static-hybrid\u00a0§") in latex
    assert escape_latex(NOTE) in latex.replace("\\allowbreak{}", "")
    nothing = Factory().findings()
    assert NOTE not in html.unescape(render_html(build(nothing, nothing.manifest)))


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """A table of random vectors over the letters, with the record of a training on OPUS Tatoeba."""
    from tokenizers import Tokenizer, models

    letters = [("<unk>", 0.0), *((chr(ord("a") + n), -1.0) for n in range(26))]
    table = np.random.default_rng(0).standard_normal((len(letters), 8)).astype(np.float32)
    write_packed(tmp_path / "known", table, Tokenizer(models.Unigram(letters, unk_id=0)).to_str())
    told = record("x-y", 0, configuration={"sampling": "x-y", "seed": 0, "sources": ["tatoeba"]})
    (tmp_path / "known" / "training.json").write_text(json.dumps(told), encoding="utf-8")
    return tmp_path / "known"


def test_a_run_says_it_in_manifest_findings_and_report(trained: Path, tmp_path: Path) -> None:
    sentences = {"deu": "ein hund {}", "eng": "a dog {}"}
    (tmp_path / "data" / "tatoeba-v1").mkdir(parents=True)
    for lang, text in sentences.items():
        lines = "".join(text.format("abcdefghijklmnopqrst"[n] * 3) + "\n" for n in range(20))
        (tmp_path / f"data/tatoeba-v1/tatoeba.deu-eng.{lang}").write_text(lines, encoding="utf-8")
    named = f"static('{trained.as_posix()}')"
    suite = validate_suite(
        {
            "name": "s",
            "benchmarks": ["tatoeba", "mini"],
            "languages": ["de", "en"],
            "encoders": ["hashing", named, f"ratio-margin({named})"],
            "perturbations": ["casing"],
            "severities": [0.25, 0.5],
            "draws": 1,
            "measures": ["AP"],
            "statistics": {"flips": 99, "resamples": 99},
        },
        "test",
    )
    run = robustir.run(suite, tmp_path / "run", data=tmp_path / "data", formats=("html",))
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text(encoding="utf-8"))
    known = {entry["name"]: entry.get("training", {}).get("in_domain") for entry in manifest["encoders"]}
    assert known == {"hashing": None, "known": ["tatoeba"], "ratio-margin(known)": ["tatoeba"]}
    findings = robustir.analyse(run)
    for table in (findings.scores, findings.contrasts, findings.curves, findings.areas):
        assert len(table)
        expected = (table["benchmark"] == "tatoeba") & (table["encoder"] != "hashing")
        assert list(table["in_domain"]) == list(expected)
    compared = findings.comparisons
    assert list(compared["in_domain"]) == list(compared["benchmark"] == "tatoeba")  # one of the two at least
    assert len(set(compared["in_domain"])) == 2
    assert NOTE in html.unescape((tmp_path / "run" / "report.html").read_text(encoding="utf-8"))
