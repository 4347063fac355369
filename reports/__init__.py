"""Reports: findings become a document, a document becomes HTML, PDF, LaTeX or Markdown; the tables become CSV.

A document is data; sections fill it, renderers print it.
"""

from __future__ import annotations

from robustir.reports.blocks import Document
from robustir.reports.document import build
from robustir.reports.renderers.html import render_html
from robustir.reports.renderers.latex import render_latex
from robustir.reports.renderers.pdf import render_pdf
from robustir.reports.writing import FORMATS, Layout, check_formats, render, report_files, write_reports

__all__ = [
    "FORMATS",
    "Document",
    "Layout",
    "build",
    "check_formats",
    "render",
    "render_html",
    "render_latex",
    "render_pdf",
    "report_files",
    "write_reports",
]
