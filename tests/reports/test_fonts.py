from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from robustir.reports import build
from robustir.reports.renderers import fonts
from robustir.reports.renderers.fonts import Missing, find_missing, missing_glyphs
from robustir.reports.renderers.pdf import compile_pdf
from tests.reports.factory import QUESTIONS, Factory


@pytest.fixture
def only_dejavu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without fonts: typst has its own and matplotlib's."""
    import typst

    bare = typst.Fonts(include_system_fonts=False, font_paths=[fonts._fallback_folder()])
    monkeypatch.setattr(fonts, "typst_fonts", lambda: bare)


def package_of(lang: str) -> str:
    found = find_missing([QUESTIONS[lang][0]])
    assert len(found) <= 1
    return found[0].package if found else ""


@pytest.mark.usefixtures("only_dejavu")
def test_scripts_without_a_font_are_named_with_the_package_that_brings_one() -> None:
    needed = {lang: package_of(lang) for lang in QUESTIONS}
    assert {lang: package for lang, package in needed.items() if package} == {
        "hi": "fonts-noto-core",
        "th": "fonts-noto-core",
        "zh": "fonts-noto-cjk",
    }


@pytest.mark.usefixtures("only_dejavu")
def test_the_pdf_says_in_one_line_what_it_cannot_show_and_what_mends_it() -> None:
    findings = Factory().findings()
    content, warnings = compile_pdf(build(findings, findings.manifest), appendix=True)
    assert content.startswith(b"%PDF-")
    assert warnings == [
        "The PDF shows boxes for CJK, Devanagari: run  apt-get install fonts-noto-cjk fonts-noto-core  and render again."
    ]


def test_characters_without_a_glyph_of_their_own_are_not_missing() -> None:
    assert missing_glyphs("a\u200d\u200e\n\u202e b") == []


def test_a_private_use_or_unassigned_character_is_not_asked_of_any_package() -> None:
    assert find_missing(["\ue000\U000e0fff"]) == ()


def test_fonts_are_opened_only_until_every_character_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    coverage = {"a.ttf": frozenset({ord("a")}), "b.ttf": frozenset({ord("b")}), "c.ttf": frozenset({ord("c")})}

    def read(path: str, index: int) -> frozenset[int]:
        opened.append(path)
        return coverage[path]

    def font(family: str, path: str | None, weight: int = 400) -> SimpleNamespace:
        return SimpleNamespace(family=family, path=path, weight=weight, style="normal", index=0)

    known = [font("C", "c.ttf"), font("B", "b.ttf"), font("A", "black.ttf", 900), font("A", "a.ttf"), font("E", None)]
    monkeypatch.setattr(fonts, "typst_fonts", lambda: SimpleNamespace(fonts=lambda: known))
    monkeypatch.setattr(fonts, "_characters_of", read)
    assert find_missing(["ab"]) == ()
    assert opened == ["a.ttf", "b.ttf"]
    assert find_missing(["abz"]) == (Missing("Latin", "z", "fonts-noto-core"),)


def test_placeholder_fonts_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    last = SimpleNamespace(family="Last Resort High-Efficiency", path="x.ttf", weight=400, style="normal", index=0)
    monkeypatch.setattr(fonts, "typst_fonts", lambda: SimpleNamespace(fonts=lambda: [last]))
    monkeypatch.setattr(fonts, "_characters_of", lambda path, index: frozenset(range(0x110000)))
    assert [missing.characters for missing in find_missing(["a"])] == ["a"]


def test_a_long_list_of_characters_is_cut() -> None:
    text = str(Missing("CJK", "".join(chr(0x4E00 + i) for i in range(10)), "fonts-noto-cjk"))
    assert "10 CJK characters (U+4E00 " in text
    assert "U+4E07 and 2 more)" in text
    assert "apt-get install fonts-noto-cjk" in text


def test_a_damaged_font_counts_as_empty(tmp_path: Path) -> None:
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"\x00\x01\x00\x00 not a font")
    assert fonts._characters_of(str(broken), 0) == frozenset()
