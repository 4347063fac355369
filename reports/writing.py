"""The formats of reports and their files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from robustir.disk.atomic import write_text_atomically
from robustir.errors import InputError
from robustir.reports.blocks import Document
from robustir.reports.document import build
from robustir.reports.mteb_results import write_mteb
from robustir.reports.renderers.figures import write_figures
from robustir.reports.renderers.html import render_html
from robustir.reports.renderers.latex import render_latex
from robustir.reports.renderers.markdown import render_markdown
from robustir.reports.renderers.pdf import render_pdf

if TYPE_CHECKING:
    from robustir.analysis import Findings
    from robustir.rundir.manifest import Manifest

__all__ = ["FORMATS", "Layout", "check_formats", "render", "report_files", "write_reports"]

FORMATS = ("html", "pdf", "latex", "markdown", "csv", "mteb")
_SUFFIXES = {".html": "html", ".htm": "html", ".pdf": "pdf", ".tex": "latex", ".md": "markdown"}
_FILES = {"html": "report.html", "pdf": "report.pdf", "latex": "report.tex", "markdown": "report.md"}
_TEXTS = {"html": render_html, "latex": render_latex, "markdown": render_markdown}
_FOLDERS = {"csv": "findings", "mteb": "mteb"}  # of the tables, and of MTEB's result files
_FIGURES = "figures"  # the folder of the drawings, for papers


@dataclass(frozen=True, slots=True)
class Layout:
    """What of a report is written: its parts ``only`` (ids of sections; none: all), and whether a PDF has its appendix."""

    only: tuple[str, ...] = ()
    appendix: bool = False


def render(findings: Findings, manifest: Manifest | None, path: Path | str, layout: Layout = Layout()) -> list[str]:
    """Write one report to ``path``, in the format of its suffix (.html, .pdf, .tex or .md); return warnings."""
    target = Path(path)
    chosen = _SUFFIXES.get(target.suffix.lower())
    if chosen is None:
        raise InputError(
            f"{target}: give the report a name that ends in {', '.join(_SUFFIXES)}; tables as CSV come with  "
            "robustir report --format csv"
        )
    return _write(build(findings, manifest, layout.only), chosen, target, layout)


def check_formats(formats: Sequence[str]) -> tuple[str, ...]:
    """Return the formats, each once; raise InputError for an unknown format."""
    if isinstance(formats, str):
        raise InputError(f"formats is a list of names, such as ('html', 'pdf'), not the string {formats!r}")
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise InputError(f"{unknown[0]!r} is not a format of reports; the formats are {', '.join(FORMATS)}")
    return tuple(dict.fromkeys(formats))


def report_files(folder: Path | str, formats: Sequence[str]) -> dict[str, Path]:
    """Return the existing files of ``write_reports`` in a folder, by format (of CSV and MTEB's files their folder)."""
    named = {name: Path(folder) / (_FILES.get(name) or _FOLDERS[name]) for name in formats}
    return {name: path for name, path in named.items() if path.exists()}


def write_reports(
    findings: Findings,
    manifest: Manifest | None,
    folder: Path | str,
    formats: Sequence[str],
    layout: Layout = Layout(),
) -> list[str]:
    """Write ``report.html``, ``report.pdf``, ``report.tex``, ``report.md``, ``findings/*.csv`` and MTEB's
    result files, by format; return warnings.

    The figures of a report are written to ``figures``, as SVG and PDF.
    """
    formats = check_formats(formats)
    target = Path(folder)
    warnings: list[str] = []
    if "csv" in formats:
        from robustir.analysis import write_findings

        write_findings(findings, target / _FOLDERS["csv"])
    if "mteb" in formats and manifest is not None:
        write_mteb(findings, manifest, target / _FOLDERS["mteb"])
    if any(name in _FILES for name in formats):
        document = build(findings, manifest, layout.only)
        for name in formats:
            if name in _FILES:
                warnings += _write(document, name, target / _FILES[name], layout)
        write_figures(document, target / _FIGURES)
    return warnings


def _write(document: Document, chosen: str, path: Path, layout: Layout) -> list[str]:
    if chosen == "pdf":
        return render_pdf(document, path, appendix=layout.appendix)
    write_text_atomically(path, _TEXTS[chosen](document))
    return []
