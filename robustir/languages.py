"""Languages: one code for each, with its name, script and direction.

A code is ISO 639-1 if that has one, else ISO 639-3, with a script subtag only if the script is not the usual one:
``zho``, ``cmn``, ``zh-CN`` and ``zh_Hans`` are ``zh``, ``zh-TW`` is ``zh-Hant``. Names, scripts and native names are in
``languages.tsv`` (after Unicode CLDR); other languages come from the library langcodes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

__all__ = [
    "LANGUAGES",
    "TURKIC_SMALL",
    "Language",
    "has_spaces",
    "is_known",
    "is_right_to_left",
    "language",
    "normalise",
    "normalise_all",
    "written_codes",
]

LANGUAGES: tuple[str, ...] = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
"""The languages of XQuAD-R, which every built-in benchmark and the typos cover, in alphabetical order of their codes."""

TURKIC_SMALL: Mapping[int, str] = str.maketrans({"I": "ı", "İ": "i"})
"""For ``str.translate``: Turkish and Azeri pair I with ı and İ with i, which general rules of small letters do not."""

_WITHOUT_SPACES = frozenset({"Hani", "Hans", "Hant", "Jpan", "Khmr", "Lana", "Laoo", "Mymr", "Thai"})
_RIGHT_TO_LEFT = frozenset({"Adlm", "Arab", "Aran", "Armi", "Hebr", "Mand", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"})
_SCRIPT_NAMES = {
    "Arab": "Arabic script", "Cyrl": "Cyrillic", "Deva": "Devanagari", "Hans": "simplified", "Hant": "traditional",
    "Hebr": "Hebrew script", "Latn": "Latin letters",
}  # fmt: skip
# Codes of a part or a style of the usual script, which add nothing.
_WITHIN = {"Arab": ("Aran",), "Hans": ("Hani",), "Hant": ("Hani",), "Jpan": ("Hrkt",), "Kore": ("Hang",)}
_UNKNOWN_SCRIPT = "Zyyy"
_SCRIPT = re.compile("[A-Z][a-z]{3}")
_NO_LANGUAGE = frozenset({"mis", "mul", "und", "zxx"})  # codes for no language, or an unknown one
# Codes kept although CLDR treats the language as another name of a second one, or has no two-letter code for it.
_OWN_CODES = {"tgl": "tl", "twi": "tw"}


@dataclass(frozen=True, slots=True)
class Language:
    """Facts about one language. ``script``: its ISO 15924 code; ``native``: its own name for itself."""

    code: str
    name: str
    native: str
    script: str

    @property
    def has_spaces(self) -> bool:
        """Whether spaces separate words (in Tibetan, a mark separates syllables)."""
        return self.script not in _WITHOUT_SPACES

    @property
    def right_to_left(self) -> bool:
        """Whether it is written from right to left."""
        return self.script in _RIGHT_TO_LEFT


@cache
def _table() -> Mapping[str, Language]:
    text = (files("robustir") / "languages.tsv").read_text(encoding="utf-8")
    rows = [Language(*line.split("\t")) for line in text.splitlines()[1:]]
    return {row.code: row for row in rows}


@cache
def _by_name() -> Mapping[str, str]:
    rows = _table().values()
    return {name.casefold(): row.code for row in reversed(list(rows)) for name in (row.name, row.native)}


@lru_cache(maxsize=4096)
def normalise(code: str) -> str:
    """Return the code of a language from a BCP 47 tag, an ISO 639 code, or an English or native name; else ``code`` itself.

    Regions and variants are dropped, after they have determined the script; dialects with a code of their own are kept.
    """
    tag = code.strip()
    if tag in _table() or not tag:
        return tag
    return _from_tag(tag.replace("_", "-")) or _by_name().get(tag.casefold(), tag)


def _from_tag(tag: str) -> str:
    """Return the code of a BCP 47 tag, "" if it is not a valid tag."""
    from langcodes import Language as Tag
    from langcodes import tag_is_valid

    base, _, rest = tag.lower().partition("-")
    base = _OWN_CODES.get(base, base)
    standard = base if base in _table() else _standard(base)
    if not (standard in _table() or tag_is_valid(base)):
        return ""
    try:
        parsed = Tag.get(f"{standard}-{rest}" if rest else standard, normalize=False)
    except ValueError:
        return ""
    plain = standard.partition("-")[0]
    script = parsed.script or (parsed.maximize().script if parsed.territory else "") or ""
    usual = _usual_script(plain)
    return plain if script in ("", usual, *_WITHIN.get(usual, ())) else f"{plain}-{script}"


def _standard(base: str) -> str:
    """Return the usual subtag of a language's subtag: of the macrolanguage if this is its usual form (cmn: zh)."""
    from langcodes import standardize_tag

    try:
        return standardize_tag(base, macro=True)
    except ValueError:
        return base


def _usual_script(base: str) -> str:
    if base in _table():
        return _table()[base].script
    from langcodes.data_dicts import LIKELY_SUBTAGS

    parts = () if base in _NO_LANGUAGE else LIKELY_SUBTAGS.get(base, "").split("-")
    return next((part for part in parts[1:] if _SCRIPT.fullmatch(part)), _UNKNOWN_SCRIPT)


def normalise_all(codes: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct codes of the languages, in order."""
    return tuple(dict.fromkeys(map(normalise, codes)))


def written_codes(codes: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the spellings of every language that data writes differently from :func:`normalise`."""
    spellings: dict[str, list[str]] = {}
    for code in dict.fromkeys(codes):
        spellings.setdefault(normalise(code), []).append(code)
    return {code: tuple(sorted(written)) for code, written in sorted(spellings.items()) if written != [code]}


@lru_cache(maxsize=4096)
def language(code: str) -> Language:
    """Return the facts about a language; an unknown one counts as spaced, left to right, and named by its code."""
    code = normalise(code)
    if code in _table():
        return _table()[code]
    base, _, script = code.partition("-")
    if not _SCRIPT.fullmatch(script):
        return Language(code, code, code, _usual_script(code))
    plain = language(base)
    return Language(code, f"{plain.name} ({_SCRIPT_NAMES.get(script, script)})", plain.native, script)


def is_known(code: str) -> bool:
    """Whether a code, in any spelling, means a language."""
    code = normalise(code).partition("-")[0]
    if code in _table():
        return True
    from langcodes import tag_is_valid

    return tag_is_valid(code) and code not in _NO_LANGUAGE


def has_spaces(code: str) -> bool:
    """Whether spaces separate words; otherwise the unit of an edit is the grapheme cluster."""
    return language(code).has_spaces


def is_right_to_left(code: str) -> bool:
    """Whether the language is written from right to left."""
    return language(code).right_to_left
