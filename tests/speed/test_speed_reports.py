"""Reports of a large run: seconds of CPU time for HTML and PDF."""

from __future__ import annotations

import time

import pytest

from robustir.reports import build, render_html
from robustir.reports.renderers.pdf import compile_pdf
from tests.reports.factory import Factory
from tests.reports.test_fit import NOISES

pytestmark = pytest.mark.speed

_MOST_SECONDS = 20.0
_MOST_BYTES = 2_000_000


def test_html_and_pdf_of_eight_encoders_and_ten_noises_take_seconds_and_little_space() -> None:
    findings = Factory(encoders=tuple(f"encoder-{at}" for at in range(8)), perturbations=NOISES).findings()
    document = build(findings, findings.manifest)
    begin = time.process_time()
    page = render_html(document)
    between = time.process_time()
    content, _ = compile_pdf(document)
    assert between - begin < _MOST_SECONDS
    assert time.process_time() - between < _MOST_SECONDS
    assert max(len(page.encode()), len(content)) < _MOST_BYTES
