"""From the document to a file: HTML, PDF, LaTeX, Markdown, and the figures and fonts they need.

A renderer prints what the document says and decides nothing.
"""
