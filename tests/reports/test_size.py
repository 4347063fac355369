"""Reports are short: a run of three encoders under one noise within two desktop screens, a large one within seven; needs Chromium."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from robustir.analysis import TABLES
from robustir.analysis.uneven import with_dose_ratios
from robustir.reports import build, render_html
from robustir.reports.blocks import Document
from robustir.reports.renderers.pdf import compile_pdf
from tests.reports.chromium import browser
from tests.reports.factory import Factory

_SCREEN = 900  # pixels of a desktop window 1280 wide
_SIZES = {"small": (1.9, 3), "real": (2.0, 3), "two noises": (3.0, 3), "large": (6.3, 6)}  # screens and pages at most

# As long as those of XQuAD-R, in letters as wide.
_QUESTION = "Wie viele Quadratkilometer Regenwald bedecken das Amazonasbecken?"
_PASSAGE = (
    "Dieses Becken umfasst 7.000.000 Quadratkilometer (2.700.000 Quadratmeilen), von denen 5.500.000 Quadratkilometer "
    "(2.100.000 Quadratmeilen) vom Regenwald bedeckt sind, und es reicht weit in die Nachbarländer."
)


def _real() -> Document:
    """A run of a released encoder on real questions: long texts, and every notice on its noise."""
    names = ("multilingual-e5-small", "bm25", "static-hybrid")
    made: Any = Factory(encoders=names, perturbations=("typos(dose='cer:0.1')",)).findings()
    assert made.manifest is not None
    heavy = made.validity["query_lang"].isin(["th", "zh"])
    doses = made.validity["char_error_rate"].where(~heavy, 3 * made.validity["char_error_rate"])
    still = made.validity["unchanged_share"].where(made.validity["query_lang"] != "el", 0.6)
    examples = made.examples.assign(
        clean_text=_QUESTION, noisy_text=_QUESTION.replace("Regenwald", "Regehwald"), right_text=_PASSAGE, ahead_text=_PASSAGE,
        query_id=[f"de-5725b81b271a421400{at:04d}" for at in range(len(made.examples))], query_lang="de", right_lang="de", ahead_lang="de",
    )  # fmt: skip
    inputs: Any = made.validity.query("severity == 0.3").assign(encoder="bm25", same_input_share=0.6)
    findings = replace(
        made,
        validity=with_dose_ratios(made.validity.assign(char_error_rate=doses, unchanged_share=still)),
        examples=examples,
        inputs=inputs[list(TABLES["inputs"])],
    )
    document = build(findings, replace(made.manifest, failed=(), status="complete"))
    starts = ("Noise left at least half", "Noise changed over twice", "Noise left most")
    assert [next(text for text in document.notices if text.startswith(start)) for start in starts] == list(
        document.notices
    )
    return document


def _document(size: str) -> Document:
    if size == "real":
        return _real()
    noises = ("typos", "ocr", "asr", "phonetic", "code-switch", "shuffle-words")
    few = ("hashing", "hashing(analyzer='word')", "bm25")
    encoders = {
        "small": ("hashing", "bm25", "random"),
        "two noises": few,
        "large": tuple(f"encoder-{at}" for at in range(10)),
    }
    kinds = {"small": 1, "two noises": 2, "large": 6}
    findings = Factory(encoders=encoders[size], perturbations=noises[: kinds[size]]).findings()
    return build(findings, findings.manifest)


def _height(page: str, tmp_path: Path) -> int:
    """Return the pixels that Chromium needs for a page 1280 wide, with its parts folded."""
    page = re.sub("<meta http-equiv.*?>", "", page)
    measure = "<script>document.body.dataset.height = document.documentElement.scrollHeight</script></body>"
    (tmp_path / "page.html").write_text(page.replace("</body>", measure), encoding="utf-8")
    command = [
        browser(), "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1280,800",
        f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=20000", "--dump-dom", f"file://{tmp_path}/page.html",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)
    found = re.search(r'<body data-height="(\d+)"', done.stdout)
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize("size", _SIZES)
def test_a_report_is_a_few_screens_high(size: str, tmp_path: Path) -> None:
    height = _height(render_html(_document(size)), tmp_path)
    assert 600 < height <= _SIZES[size][0] * _SCREEN


@pytest.mark.parametrize("size", _SIZES)
def test_a_report_without_its_appendix_has_few_pages(size: str) -> None:
    content, _ = compile_pdf(_document(size))
    pages = len(re.findall(rb"/Type\s*/Page\b", content))
    assert 1 < pages <= _SIZES[size][1]
