"""No text leaves its cell or the page, and none is printed over another, with long names, much noise and many languages."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import pytest

from robustir.languages import language
from robustir.reports import Document, build, render_html
from robustir.reports.blocks import Facts, tables_of, walk_texts
from robustir.reports.formats import MINUS
from robustir.reports.renderers.pdf import compile_pdf
from robustir.reports.short import short_forms
from tests.reports import factory
from tests.reports.chromium import browser
from tests.reports.factory import Factory
from tests.reports.test_rendering import Page

NOISES = (
    "typos", "shuffle-words", "ocr", "transliterate", "code-switch", "phonetic", "drop-diacritics", "mt-channel", "case",
    "segmentation-of-words(mode='random', keep=0.25, of='both')",
)  # fmt: skip
CHINESE = re.compile("[\u2e80-\u9fff]")
NUMBER = re.compile(r"[−+]?\d")
MARGIN = 56.0  # points at the left and right of an A4 page of 595, which no word enters


@pytest.fixture(scope="module")
def document() -> Document:
    """Twelve encoders of 60 letters, ten noises, 113 languages."""
    encoders = tuple(f"organisation/{'abcdefghijklmnopqrst' * 3}"[:56] + f"-v{at:02d}" for at in range(12))
    assert {len(name) for name in encoders} == {60}
    text = (files("robustir") / "languages.tsv").read_text(encoding="utf-8")
    codes = [code for code in (line.partition("\t")[0] for line in text.splitlines()[1:]) if code.isalpha()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(factory, "LANGUAGES", tuple(sorted({*factory.QUESTIONS, *codes[:113]}))[:113])
        patch.setattr(factory, "SETTINGS", ("mono", "multi"))
        patch.setattr(factory, "SEVERITIES", (0.1, 0.3))
        findings = Factory(encoders=encoders, perturbations=NOISES).findings()
        return build(findings, findings.manifest)


@dataclass(frozen=True)
class Word:
    left: float
    top: float
    right: float
    bottom: float
    text: str

    def covers(self, other: Word) -> bool:
        """Whether two words overlap, or two numbers of neighbouring cells touch: a shade would then hide a sign."""
        numbers = NUMBER.match(self.text) and NUMBER.match(other.text)
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across > (-1.0 if numbers else 1.0) and down > 0.5 * min(
            self.bottom - self.top, other.bottom - other.top
        )

    def without_leading(self) -> Word:
        """Return the word in the box of its letters, if Chromium prints it in a font whose boxes are twice as tall (Noto CJK)."""
        if not CHINESE.search(self.text):
            return self
        edge = 0.2 * (self.bottom - self.top)
        return replace(self, top=self.top + edge, bottom=self.bottom - edge)


def _word(left: str, top: str, right: str, bottom: str, text: str) -> Word:
    return Word(float(left), float(top), float(right), float(bottom), text)


def words_of(pdf: Path) -> list[tuple[float, list[Word]]]:
    """Return the width of every page, and its words with their boxes."""
    if shutil.which("pdftotext") is None:
        pytest.skip("needs pdftotext (poppler-utils)")
    boxes = subprocess.run(["pdftotext", "-bbox", pdf, "-"], check=True, capture_output=True, encoding="utf-8").stdout
    word = re.compile(r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)</word>')
    return [
        (float(width), [_word(*found) for found in word.findall(page)])
        for width, page in re.findall(r'<page width="([\d.]+)".*?>(.*?)</page>', boxes, re.DOTALL)
    ]


def misprints(pages: list[tuple[float, list[Word]]], margin: float) -> list[tuple[object, ...]]:
    """Return the words in the margin (points), and the pairs of which one is printed over the other, with their pages."""
    found: list[tuple[object, ...]] = []
    for at, (width, words) in enumerate(pages, 1):
        found += [(at, word) for word in words if word.left < margin - 1 or word.right > width - margin + 1]
        ordered = sorted(words, key=lambda word: word.left)
        for place, word in enumerate(ordered):
            for other in ordered[place + 1 :]:
                if other.left > word.right + 1:
                    break
                if word.covers(other):
                    found.append((at, word, other))
    return found


@pytest.fixture(scope="module")
def pages(document: Document, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[float, list[Word]]]:
    pdf = tmp_path_factory.mktemp("fit") / "report.pdf"
    pdf.write_bytes(compile_pdf(document, appendix=True)[0])
    return words_of(pdf)


def test_no_word_of_the_pdf_leaves_the_page_or_is_printed_over_another(pages: list[tuple[float, list[Word]]]) -> None:
    assert len(pages) > 5
    assert misprints(pages, MARGIN) == []


@pytest.mark.parametrize("opened", [False, True])
def test_no_word_of_the_printed_page_leaves_it_or_is_printed_over_another(opened: bool, tmp_path: Path) -> None:
    findings = Factory().findings()
    page = render_html(build(findings, findings.manifest))
    assert '<details class="fold' in page
    if opened:
        page = page.replace('<details class="fold', '<details open class="fold')
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-pdf-header-footer",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]
    made = [browser(), *options, f"--print-to-pdf={tmp_path / 'page.pdf'}", f"file://{tmp_path}/page.html"]
    subprocess.run(made, capture_output=True, timeout=240, check=True)
    printed = [(width, [word.without_leading() for word in words]) for width, words in words_of(tmp_path / "page.pdf")]
    assert misprints(printed, 0.0) == []
    text = " ".join(word.text for _, words in printed for word in words)
    assert ("Degradation in numbers" in text) is opened
    assert "What was run and how" in text


def test_minus_signs_are_in_the_pdf(pages: list[tuple[float, list[Word]]], document: Document) -> None:
    wanted = {
        cell.text for table in tables_of(document.sections)
        for row in table.rows for cell in row if cell.text.startswith(MINUS)
    }  # fmt: skip
    shown = {word.text for _, words in pages for word in words}
    assert len(wanted) > 50
    assert wanted <= shown


# Runs in the page: what leaves the window, a cell that does not hold its text, and texts of a drawing over one another.
_LOOK = """
const faults = [], name = e => e.tagName + ' ' + e.textContent.trim().slice(0, 60), box = e => e.getBoundingClientRect();
document.querySelectorAll('details').forEach(e => e.open = true);
if (document.documentElement.scrollWidth > innerWidth) faults.push('the page is wider than the window: ' + document.documentElement.scrollWidth);
document.querySelectorAll('td, th, dd, dt, li, p, caption, figcaption, summary, h1, h2, h3').forEach(cell => {
  const range = document.createRange(); range.selectNodeContents(cell);
  const inside = range.getBoundingClientRect(), held = box(cell);
  if (inside.width && (inside.left < held.left - 1 || inside.right > held.right + 1)) faults.push('leaves its place: ' + name(cell));
  if (held.left < -1 && !cell.closest('.skip')) faults.push('left of the page: ' + name(cell));
});
document.querySelectorAll('.panel svg').forEach(svg => {
  const texts = [...svg.querySelectorAll('text')].map(e => [e, box(e)]), edge = box(svg);
  texts.forEach(([a, A], i) => {
    if (A.left < edge.left - 1 || A.right > edge.right + 1 || A.bottom > edge.bottom + 1 || A.top < edge.top - 1) faults.push('leaves its drawing: ' + name(a));
    texts.slice(i + 1).forEach(([b, B]) => {
      const across = Math.min(A.right, B.right) - Math.max(A.left, B.left), down = Math.min(A.bottom, B.bottom) - Math.max(A.top, B.top);
      if (across > 1 && down > 0.5 * Math.min(A.height, B.height)) faults.push('overprints: ' + name(a) + ' / ' + name(b));
    });
  });
});
document.body.innerHTML = '<pre id="faults"></pre>';
document.getElementById('faults').textContent = JSON.stringify({width: innerWidth, faults});
"""


def faults(source: str, width: int, tmp_path: Path) -> list[str]:
    """Return what Chromium shows outside its place in a window of this width."""
    source = re.sub("<meta http-equiv.*?>", "", source)
    (tmp_path / "page.html").write_text(source.replace("</body>", f"<script>{_LOOK}</script></body>"), encoding="utf-8")
    # A window of Chromium is at least 500 pixels wide: the page is looked at in a frame.
    frame = f'<iframe src="page.html" style="border:0;width:{width}px;height:900px"></iframe>'
    script = "addEventListener('load', () => document.body.textContent = frames[0].document.getElementById('faults').textContent)"
    (tmp_path / "frame.html").write_text(f"<!DOCTYPE html><body>{frame}<script>{script}</script></body>")
    command = [
        browser(), "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files", "--window-size=1400,1000",
        f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=60000", "--dump-dom", f"file://{tmp_path}/frame.html",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)
    seen = json.loads(html.unescape(re.search(r"<body>(.*?)</body>", done.stdout, re.DOTALL)[1]))  # type: ignore[index]
    assert seen["width"] == width
    found: list[str] = seen["faults"]
    return found


@pytest.mark.parametrize("width", [1280, 390])
def test_no_text_of_the_page_leaves_its_cell(document: Document, width: int, tmp_path: Path) -> None:
    assert faults(render_html(document), width, tmp_path) == []


def test_a_text_that_leaves_its_cell_is_seen(tmp_path: Path) -> None:
    cell = '<p style="width:40px;white-space:nowrap">planted planted planted</p>'
    drawing = '<div class="panel"><svg width="90" height="30"><text x="5" y="20">one</text><text x="9" y="20">two</text></svg></div>'
    page = f"<!DOCTYPE html><html><body>{cell}{drawing}</body></html>"
    assert faults(page, 390, tmp_path) == [
        "leaves its place: P planted planted planted",
        "overprints: text one / text two",
    ]


def test_every_language_is_named_in_page_and_pdf(document: Document, pages: list[tuple[float, list[Word]]]) -> None:
    columns = {
        column.title for table in tables_of(document.sections) for column in table.columns
        if column.title and column.hint == language(column.title).name
    }  # fmt: skip
    assert len(columns) == 113
    shown = " ".join("".join(Page(render_html(document)).text).split())
    printed = " ".join(html.unescape(word.text) for _, words in pages for word in words).replace("\u00a0", " ")
    for code in columns:
        assert language(code).name != code
        assert f"{code} {language(code).name}" in shown
        assert f"{code} {language(code).name}" in printed


def test_long_names_are_told_in_full_at_the_end(document: Document) -> None:
    names = document.sections[-1].blocks[1]
    assert isinstance(names, Facts)
    assert len(names.pairs) == 13
    assert dict(names.pairs)["segmentation-of-wor…, of='both')"] == NOISES[-1]
    assert all(len(form) <= 32 < len(name) for form, name in names.pairs)
    assert len({form for form, _ in names.pairs}) == 13
    body = replace(document, sections=document.sections[:-1])
    told = [text for text in walk_texts(body) if NOISES[-1] in text]
    assert all(" " not in text.partition(NOISES[-1])[0] for text in told)  # ids alone, which nobody reads
    assert list(short_forms(["a" * 40 + "x" + "b" * 40, "a" * 40 + "y" + "b" * 40]).values()) == [
        "aaaaaaaaaaaaaaaaaaa…bbbbbbbbbbbb",
        "aaaaaaaaaaaaaaaaaaa…bbbbbbbbbbbb·2",
    ]
