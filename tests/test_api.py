"""The Python interface, as a notebook uses it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import robustir
from robustir.planning.suite import load_suite
from tests.tiny import suite_of, write_beir

MARKUP = "<script>alert(1)</script> #set page(width: 1cm) \\input{x} $x^2$ & % _a_ *b* <b>"
WORDS = ("apple", "brick", "cloud", "drum", "eagle", "flute", "grape", "horse", "igloo", "jelly", "kite", "lemon")


class SentenceModel:
    """What Sentence Transformers offers, without torch."""

    similarity_fn_name = "cosine"

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode(self, sentences: list[str], show_progress_bar: bool = True, convert_to_numpy: bool = True) -> object:
        assert not show_progress_bar
        self.texts += sentences
        return np.array([[text.count(letter) + 0.5 for letter in "aeioux"] for text in sentences], dtype=np.float32)


def test_the_words_of_the_design(tmp_path: Path) -> None:
    queries = robustir.QuerySet.from_texts(["where is the nile"], lang="en")
    noisy = robustir.perturb(queries, "typos", severity=0.9, seed=1, draw=0)
    assert noisy.ids == queries.ids
    assert noisy.texts != queries.texts
    assert noisy.dose is not None
    assert noisy.dose.word_edit_rate[0] > 0
    vectors = robustir.encoder("hashing").encode(noisy.texts, role="query")
    assert (vectors.dtype, vectors.ndim, len(vectors)) == (np.float32, 2, 1)
    suite = load_suite("quickstart").replaced(
        languages=("en",), encoders=("hashing",), perturbations=("typos",), severities=(0.5,), draws=1
    )
    model = SentenceModel()
    run = robustir.run(suite, out=tmp_path / "run", encoders=[model], formats=("csv",))
    assert len(model.texts) == len(set(model.texts)) + len(
        set(robustir.benchmark("mini", languages=["en"]).corpus.texts)
        & set(robustir.benchmark("mini", languages=["en"]).queries.texts)
    )
    findings = robustir.analyse(run)
    assert set(findings.scores["encoder"]) == {"hashing", "SentenceModel"}
    assert run.read_manifest()["status"] == "complete"
    for name, start in (("report.html", b"<!DOCTYPE html>"), ("report.pdf", b"%PDF"), ("report.tex", b"")):
        robustir.render(findings, tmp_path / name)
        assert (tmp_path / name).read_bytes().lstrip().startswith(start)
    assert b"\\begin{table}" in (tmp_path / "report.tex").read_bytes()


@pytest.mark.slow
def test_the_quickstart_as_it_is_written(tmp_path: Path) -> None:
    run = robustir.run("quickstart", out=tmp_path / "quickstart")
    findings = robustir.analyse(run)
    robustir.render(findings, tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size > 0
    assert (run.path / "report.pdf").read_bytes().startswith(b"%PDF")


def test_markup_in_texts_stays_text(tmp_path: Path) -> None:
    """A query is data: it reaches the examples of the reports and never becomes markup there."""
    queries = [(f"q{row}", "en", f"{word} {MARKUP} aaa") for row, word in enumerate(WORDS)]
    passages = [(f"d{row}", "en", f"{word} {word}") for row, word in enumerate(WORDS)]
    task = write_beir(
        tmp_path / "<b> #set page() \\input{x} $x^2$ %",
        passages,
        queries,
        [(f"q{row}", f"d{row}", 1) for row in range(len(WORDS))],
    )
    suite = suite_of(
        task, encoders=("hashing(dim=2048)",), perturbations=("typos", "tests.tiny:OnlyA"), severities=(0.8,), draws=1
    )  # fmt: skip
    run = robustir.run(suite, tmp_path / "run", formats=("html", "pdf", "latex"))
    findings = robustir.analyse(run)
    assert findings.examples["clean_text"].str.contains("<script>", regex=False).any()
    html = (run.path / "report.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script>alert(1)" not in html
    tex = (run.path / "report.tex").read_text(encoding="utf-8")
    assert "textless{}b\\textgreater{}" in tex  # the name of the folder
    code = [line for line in tex.split("\n") if not line.startswith("%")]
    assert not [line for line in code if "\\input{x}" in line or "$x^2$" in line or "<b>" in line]
    assert (run.path / "report.pdf").read_bytes().startswith(b"%PDF")
