"""What the rest of the program needs to know about a language: its name, its script, whether it puts spaces between words."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LANGUAGES", "Language", "has_spaces", "is_right_to_left", "language", "unit_name"]


@dataclass(frozen=True, slots=True)
class Language:
    """Facts about one language. ``script`` is the ISO 15924 code; ``native`` the name that its readers use."""

    code: str
    name: str
    native: str
    script: str
    has_spaces: bool = True
    right_to_left: bool = False


# ISO 639-1 codes; scripts as in CLDR's likely subtags.
_KNOWN = (
    Language("ar", "Arabic", "العربية", "Arab", right_to_left=True),
    Language("bg", "Bulgarian", "български", "Cyrl"),
    Language("bn", "Bengali", "বাংলা", "Beng"),
    Language("cs", "Czech", "čeština", "Latn"),
    Language("da", "Danish", "dansk", "Latn"),
    Language("de", "German", "Deutsch", "Latn"),
    Language("el", "Greek", "Ελληνικά", "Grek"),
    Language("en", "English", "English", "Latn"),
    Language("es", "Spanish", "español", "Latn"),
    Language("et", "Estonian", "eesti", "Latn"),
    Language("fa", "Persian", "فارسی", "Arab", right_to_left=True),
    Language("fi", "Finnish", "suomi", "Latn"),
    Language("fr", "French", "français", "Latn"),
    Language("he", "Hebrew", "עברית", "Hebr", right_to_left=True),
    Language("hi", "Hindi", "हिन्दी", "Deva"),
    Language("hu", "Hungarian", "magyar", "Latn"),
    Language("id", "Indonesian", "Indonesia", "Latn"),
    Language("it", "Italian", "italiano", "Latn"),
    Language("ja", "Japanese", "日本語", "Jpan", has_spaces=False),
    Language("km", "Khmer", "ខ្មែរ", "Khmr", has_spaces=False),
    Language("ko", "Korean", "한국어", "Kore"),
    Language("lo", "Lao", "ລາວ", "Laoo", has_spaces=False),
    Language("my", "Burmese", "မြန်မာ", "Mymr", has_spaces=False),
    Language("nl", "Dutch", "Nederlands", "Latn"),
    Language("pl", "Polish", "polski", "Latn"),
    Language("pt", "Portuguese", "português", "Latn"),
    Language("ro", "Romanian", "română", "Latn"),
    Language("ru", "Russian", "русский", "Cyrl"),
    Language("sv", "Swedish", "svenska", "Latn"),
    Language("sw", "Swahili", "Kiswahili", "Latn"),
    Language("ta", "Tamil", "தமிழ்", "Taml"),
    Language("te", "Telugu", "తెలుగు", "Telu"),
    Language("th", "Thai", "ไทย", "Thai", has_spaces=False),
    Language("tr", "Turkish", "Türkçe", "Latn"),
    Language("uk", "Ukrainian", "українська", "Cyrl"),
    Language("ur", "Urdu", "اردو", "Arab", right_to_left=True),
    Language("vi", "Vietnamese", "Tiếng Việt", "Latn"),
    Language("yo", "Yoruba", "Yorùbá", "Latn"),
    Language("zh", "Chinese", "中文", "Hans", has_spaces=False),
)
_BY_CODE = {known.code: known for known in _KNOWN}

LANGUAGES: tuple[str, ...] = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
"""The languages of XQuAD-R, which every built-in benchmark and the typos cover, in alphabetical order of their codes."""


def language(code: str) -> Language:
    """Return the facts about a language; one that is not known counts as spaced, left to right, named by its code."""
    return _BY_CODE.get(code) or Language(code, code, code, "Zyyy")


def has_spaces(code: str) -> bool:
    """Whether words are set apart by spaces; where they are not, the unit of an edit is the grapheme cluster."""
    return language(code).has_spaces


def is_right_to_left(code: str) -> bool:
    """Whether the language is written from right to left."""
    return language(code).right_to_left


def unit_name(code: str) -> str:
    """Return what severity counts in this language: ``word`` or ``character`` (a grapheme cluster)."""
    return "word" if has_spaces(code) else "character"
