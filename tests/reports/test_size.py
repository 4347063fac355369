"""Reports are short: a small run within two desktop screens, a large one within seven, and at most six pages; needs Chromium."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from robustir.reports import build, render_html
from robustir.reports.blocks import Document
from robustir.reports.renderers.pdf import compile_pdf
from tests.reports.factory import Factory

_SCREEN = 900  # pixels of a desktop window 1280 wide
_SIZES = {"small": (2.0, 3), "large": (6.3, 6)}  # screens and pages at most


def _document(size: str) -> Document:
    noises = ("typos", "ocr", "asr", "phonetic", "code-switch", "shuffle-words")
    encoders = {"small": ("hashing", "bm25", "random"), "large": tuple(f"encoder-{at}" for at in range(10))}
    findings = Factory(encoders=encoders[size], perturbations=noises[:1] if size == "small" else noises).findings()
    return build(findings, findings.manifest)


def _height(page: str, tmp_path: Path) -> int:
    """Return the pixels that Chromium needs for a page 1280 wide, with its parts folded."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("needs Chromium")
    page = re.sub("<meta http-equiv.*?>", "", page)
    measure = "<script>document.body.dataset.height = document.documentElement.scrollHeight</script></body>"
    (tmp_path / "page.html").write_text(page.replace("</body>", measure), encoding="utf-8")
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1280,800",
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
