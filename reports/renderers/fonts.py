"""The fonts of the PDF, and the characters that none of them has: typst itself does not report missing glyphs."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["Missing", "find_missing", "font_families", "missing_glyphs", "missing_notice", "typst_fonts"]

# The order in which typst tries families: its embedded serif first, then one family per script of the same tone.
_WANTED = (
    "Libertinus Serif", "Noto Sans Arabic", "Noto Serif Devanagari", "Noto Serif Thai", "Noto Serif CJK SC",
    "Noto Sans CJK SC", "Noto Serif", "Noto Sans", "Noto Serif Hebrew", "DejaVu Sans",
)  # fmt: skip
_CJK = frozenset(
    {"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "KANGXI", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH"}
)
# Fonts that "hold" characters without drawing them.
_PLACEHOLDERS = ("Last Resort", "Adobe Blank", "Unicode BMP Fallback")
_SHOWN_SAMPLES = 8
_SKIPPED = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zs", "Zl", "Zp"})  # characters without a glyph of their own


@dataclass(frozen=True, slots=True)
class Missing:
    """Characters of one script that no font has, and the Debian package of a font with them."""

    script: str
    characters: str
    package: str

    def __str__(self) -> str:
        shown = " ".join(f"U+{ord(character):04X}" for character in self.characters[:_SHOWN_SAMPLES])
        more = len(self.characters) - _SHOWN_SAMPLES
        count = f"{len(self.characters)} {self.script} character{'s' if len(self.characters) > 1 else ''}"
        shown += f" and {more} more" if more > 0 else ""
        return (
            f"No installed font has {count} ({shown}), so the PDF shows boxes or broken letters there: "
            f"run  apt-get install {self.package}  (elsewhere install the Noto font of the script) and render again."
        )


@cache
def _fallback_folder() -> str:
    """Return a folder with DejaVu Sans, which comes with matplotlib and has Latin, Greek, Cyrillic and Arabic.

    typst takes only folders, and matplotlib's own folder also has a font of placeholder glyphs.
    """
    import matplotlib as mpl

    folder = tempfile.mkdtemp(prefix="robustir-fonts-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"):
        shutil.copyfile(Path(mpl.get_data_path()) / "fonts" / "ttf" / name, Path(folder) / name)
    return folder


@cache
def typst_fonts() -> Any:
    """Return the fonts that typst may use (``typst.Fonts``): the system's, its own, and DejaVu Sans; 0.2 s, once."""
    import typst

    return typst.Fonts(font_paths=[_fallback_folder()])


@cache
def font_families() -> tuple[str, ...]:
    """Return the families for the template: the wanted ones that exist (typst warns of others)."""
    present = set(typst_fonts().families())
    return tuple(family for family in _WANTED if family in present)


@cache
def _characters_of(path: str, index: int) -> frozenset[int]:
    from fontTools.ttLib import TTFont, TTLibError

    try:
        with TTFont(path, fontNumber=index, lazy=True) as font:
            return frozenset(font.getBestCmap() or ())
    except (OSError, TTLibError):
        return frozenset()  # typst could not draw with a damaged font either


def _files_in_order() -> Iterator[tuple[str, int]]:
    """Yield one file per family, wanted families first: typst's fallback finds a glyph in any of them."""
    place = {family: position for position, family in enumerate(_WANTED)}
    files: dict[str, tuple[int, str, int]] = {}
    for font in typst_fonts().fonts():
        if font.path is not None and font.style == "normal" and not font.family.startswith(_PLACEHOLDERS):
            entry = (abs(font.weight - 400), font.path, font.index)
            files[font.family] = min(files.get(font.family, entry), entry)
    for family in sorted(files, key=lambda name: (place.get(name, len(place)), name)):
        yield files[family][1:]


def find_missing(texts: Iterable[str]) -> tuple[Missing, ...]:
    """Return the characters that no font has, by script. Fonts are opened only until every character is found."""
    wanted = {character for text in texts for character in set(text)}
    left = {ord(character) for character in wanted if unicodedata.category(character) not in _SKIPPED}
    for path, index in _files_in_order():
        if not left:
            return ()
        left -= _characters_of(path, index)
    scripts: dict[str, list[str]] = {}
    for code in sorted(left):
        scripts.setdefault(_script(chr(code)), []).append(chr(code))
    return tuple(Missing(script, "".join(found), _package(script)) for script, found in sorted(scripts.items()))


def missing_notice(found: Sequence[Missing]) -> list[str]:
    """Return one line on all missing characters, with the command that installs their fonts; an empty list without any."""
    scripts = [missing.script for missing in found]
    packages = sorted({package for missing in found for package in missing.package.split()})
    if not scripts:
        return []
    shown = f"{', '.join(scripts[:_SHOWN_SAMPLES])}{' and more' if len(scripts) > _SHOWN_SAMPLES else ''}"
    return [f"The PDF shows boxes for {shown}: run  apt-get install {' '.join(packages)}  and render again."]


def missing_glyphs(text: str) -> list[str]:
    """Return one sentence per script with characters that the PDF cannot show, with the package that adds them."""
    return [str(missing) for missing in find_missing([text])]


def _script(character: str) -> str:
    """Return the first word of the character's Unicode name, which is its script for letters."""
    first = unicodedata.name(character, "UNNAMED").split()[0].partition("-")[0]
    if first in _CJK:
        return "CJK"
    return first.capitalize() if unicodedata.category(character)[0] in "LM" else "symbol"


def _package(script: str) -> str:
    if script == "CJK":
        return "fonts-noto-cjk"
    return "fonts-noto-core fonts-noto-color-emoji" if script == "symbol" else "fonts-noto-core"
