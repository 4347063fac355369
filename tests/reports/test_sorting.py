"""Headings sort tables, under the page's own policy; scores lead to their languages and to an example."""

from __future__ import annotations

import html
import json
import re
import subprocess
from pathlib import Path

from robustir.reports import build, render_html
from robustir.reports.blocks import Examples, Tables
from tests.reports.chromium import browser
from tests.reports.factory import Factory

# Runs beside the page, which forbids every script but its own.
_TRY = """
addEventListener('load', () => {
  const page = frames[0].document, table = page.querySelector('#scores-mini-mono table'), seen = [];
  const heads = [...table.tHead.rows[0].cells], rows = table.tBodies[0].rows;
  const look = at => seen.push([heads.map(one => one.getAttribute('aria-sort')), [...rows].map(row => row.cells[at].textContent.trim())]);
  for (const at of [1, 1, 0]) { const button = heads[at].querySelector('button'); button.focus(); button.click(); look(at); }
  seen.push(page.activeElement.tagName);
  document.body.textContent = JSON.stringify(seen);
});
"""


def test_a_heading_sorts_its_table_and_says_so(tmp_path: Path) -> None:
    findings = Factory(encoders=("hashing", "bm25", "random"), perturbations=("typos",)).findings()
    (tmp_path / "page.html").write_text(render_html(build(findings, findings.manifest)), encoding="utf-8")
    frame = f'<!DOCTYPE html><body><iframe src="page.html"></iframe><script>{_TRY}</script></body>'
    (tmp_path / "frame.html").write_text(frame, encoding="utf-8")
    command = [
        browser(), "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
        f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=20000", "--dump-dom", f"file://{tmp_path}/frame.html",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)
    body = re.search(r"<body>(.*?)</body>", done.stdout, re.DOTALL)
    assert body is not None
    down, up, named, focused = json.loads(html.unescape(body[1]))
    assert down == [[None, "descending", None], ["62.0", "57.0", "3.4†"]]
    assert up == [[None, "ascending", None], ["3.4†", "57.0", "62.0"]]
    assert named[0] == ["ascending", None, None]
    assert [text.split("\u00a0")[-1] for text in named[1]] == ["hashing", "bm25", "random"]
    assert focused == "BUTTON"


def test_a_change_leads_to_an_example_of_its_noise() -> None:
    findings = Factory().findings()
    document = build(findings, findings.manifest)
    anchors = {
        item.id
        for section in document.sections
        for block in section.blocks
        if isinstance(block, Examples)
        for item in block.items
    }
    scores = document.sections[0].blocks[0]
    assert isinstance(scores, Tables)
    cells = [cell for table in scores.tables for row in table.rows for cell in row[2:]]
    assert len(cells) == 3 * 4 * 2
    assert all(len(cell.links) == 1 and len(cell.example_links) == 1 for cell in cells)
    assert {link for cell in cells for link in cell.example_links} <= anchors
    page = render_html(document)
    assert page.count('title="an example"') == len(cells)
