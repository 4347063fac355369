"""What a reader sees is plain English: phrases that a native engineer would not write stay out of strings, comments and docs."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

# phrase: what to write instead
PHRASES = {
    r"(?<![Tt]here )\b(?:is|are|was|were) no (?!longer|more|such)": "is not a ...",
    r"\b(?:can|cannot|could|may) be had\b": "is missing, cannot be downloaded",
    r"\bto be trusted\b": "is unreliable",
    r"\bthere (?:is|are) no [\w ]+ called\b|\bno \S+ is called\b": "X is not a known ...",
    r"\b(?:is|are) none of\b": "is not one of ...",
    r"\b(?:stands?|stood) (?:twice|already|alone|where|there|at|under|beside|in (?!for))": "occurs twice, is in ...",
    r"\bas (?:it|they) stands?\b": "as it is",
    r"\bstands?\b(?!\s+for\b|\s+in\s+for\b|-in\b)": "is, occurs, comes",
    r"\b(?:must|should) have and has not\b": "lacks",
}
PACKAGES = ("robustir", "perturbations", "benchmarks", "reports")


def spoken(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of every string literal and comment."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def offences(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield lines below the first, the phrase and what to write instead."""
    for pattern, instead in PHRASES.items():
        for match in re.finditer(pattern, text):
            yield text[: match.start()].count("\n"), match.group(), instead


def modules(root: Path) -> list[Path]:
    return [
        path
        for package in PACKAGES
        for path in sorted((root / package).rglob("*.py"))
        if not any(parent.is_symlink() for parent in path.parents)
    ]


def test_strings_and_comments_are_plain_english(root: Path) -> None:
    found = [
        f"{path.relative_to(root)}:{line + below}: {phrase!r}; write: {instead}"
        for path in modules(root)
        for line, text in spoken(path.read_text(encoding="utf-8"))
        for below, phrase, instead in offences(text)
    ]
    assert not found, "\n".join(found)


def test_documents_are_plain_english(root: Path) -> None:
    pages = [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").rglob("*.md"))]
    found = [
        f"{page.relative_to(root)}:{1 + below}: {phrase!r}; write: {instead}"
        for page in pages
        for below, phrase, instead in offences(page.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        "'x' is no name",
        "the model cannot be had",
        "a dose is not to be trusted",
        "there is no suite called x",
        "the query is none of mini's",
        "the id stands twice",
        "none as it stands",
    ],
)
def test_the_phrases_are_found(text: str) -> None:
    assert list(offences(text))


@pytest.mark.parametrize("text", ["there is no network", "it is no longer there", "a code that stands for a language"])
def test_good_english_is_not(text: str) -> None:
    assert not list(offences(text))
