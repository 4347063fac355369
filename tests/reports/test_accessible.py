"""Axe finds nothing wrong in a report, light and dark; needs Chromium and axe-core (npm install axe-core)."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from robustir.reports import build, render_html
from tests.reports.chromium import browser
from tests.reports.factory import Factory

_RUN = """
document.querySelectorAll('details').forEach(e => e.open = true);
axe.run().then(r => {
  const found = r.violations.map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 200)).join(' / '));
  document.body.textContent = JSON.stringify({rules: r.passes.length, found});
});
"""


def _axe() -> Path:
    """Return axe.min.js: that of the environment variable AXE_CORE, or of npm's global folder."""
    named = os.environ.get("AXE_CORE")
    if named:
        return Path(named)
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("needs axe-core: npm install -g axe-core, or its axe.min.js in the environment variable AXE_CORE")
    root = subprocess.run([npm, "root", "-g"], capture_output=True, text=True, check=True).stdout.strip()
    return Path(root) / "axe-core" / "axe.min.js"


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_nothing_wrong_in_a_report(colours: str, tmp_path: Path) -> None:
    script = _axe()
    if not script.is_file():
        pytest.skip("needs axe-core (npm install -g axe-core, or AXE_CORE=/path/to/axe.min.js)")
    findings = Factory(perturbations=("typos", "shuffle-words", "ocr", "asr")).findings()
    page = re.sub("<meta http-equiv.*?>", "", render_html(build(findings, findings.manifest)))
    shutil.copyfile(script, tmp_path / "axe.min.js")
    added = f'<script src="axe.min.js"></script><script>{_RUN}</script></body>'
    (tmp_path / "page.html").write_text(page.replace("</body>", added), encoding="utf-8")
    dark = ["--blink-settings=preferredColorScheme=0"] if colours == "dark" else []
    command = [
        browser(), "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files", *dark, "--window-size=1280,1000",
        f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=120000", "--dump-dom", f"file://{tmp_path}/page.html",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)
    body = re.search(r"<body>(.*?)</body>", done.stdout, re.DOTALL)
    assert body is not None
    seen = json.loads(html.unescape(body[1]))
    assert seen["rules"] > 20
    assert seen["found"] == []
