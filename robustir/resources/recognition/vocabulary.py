"""The words that a recogniser knows: frequent in subtitles and seen in edited text, in the case that edited text gives them."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import regex

from robustir.languages import has_spaces, language
from robustir.perturbations.tables.lexicons import fold, load_lexicon
from robustir.perturbations.typing.keyboards import read_data
from robustir.resources.parallel_text import flores_dev, mkqa, newstest, opus_tatoeba, required_lines
from robustir.text.compounds import vietnamese_words

__all__ = ["SIZE", "texts", "vocabulary"]

SIZE: Final = 12_000  # words per language
_SCRIPTS: Final = {"Latn": "Latin", "Cyrl": "Cyrillic", "Grek": "Greek", "Arab": "Arabic", "Deva": "Devanagari"}
_LETTERS: Final = {"de": "a-zäöüß", "en": "a-z", "es": "a-záéíñóúü", "tr": "a-zçğıöşüâîû"}
_WORD: Final = regex.compile(r"[\p{L}\p{M}]+(?:['’]\p{L}+)*")
_UNACCENTED: Final = regex.compile(r"[^άέήίόύώΐΰ]*[αεηιοωυ][^αεηιουωάέήίόύώΐΰϊϋ]+[αεηιοωυ][^άέήίόύώΐΰ]*")
_ALONE: Final = {"en": "a i", "es": "a e o u y", "ru": "а в и к о с у я", "el": "η ο ή", "tr": "o", "vi": "à ý ở"}
# Subtitles lose apostrophes, recognisers do not; they hold words of other languages, parts of words, sighs and old spellings.
_BARE: Final = {
    "de": " daß muß mußt mußte läßt wußte laß heisst weiss grosse the and you of to is don ne nem ner",
    "en": " thats whats dont cant wont didnt isnt doesnt wasnt wouldnt couldnt im ive youre theyre ill hes shes theres heres ll ve "
    "re don didn doesn isn wasn weren wouldn couldn shouldn haven hasn hadn aren ain won uhh ooh hmm huh yeah eh uh um ah oh "
    "de la le el du von del les des ing ted ed al ye ya en il da di ha ho yo mm th st",
    "es": " the and you of to is",
    "tr": " the and you",
    "vi": " the and you of to is",
}
_SHORT: Final = 30  # how often edited text has a word of one or two letters
_SYLLABLES: Final = frozenset(("ar", "hi", "vi"))  # many words of two letters
_OPENS: Final = frozenset(("", ".", "?", "!", ":", '"', "“", "„", "«", "¿", "¡"))
_OTHERS: Final = ("ar", "de", "el", "es", "hi", "ru", "th", "tr", "vi", "zh")
# Recognisers write no oaths where none was said.
_OATHS: Final = {
    "de": "scheiße fick ficken arsch arschloch nutte hure schlampe fotze titten schwanz pisse muschi",
    "el": "γαμώτο γαμώ μαλάκα σκατά πουτάνα μουνί",
    "en": "fuck fucks fucked fucking shit shits cunt cunts dick dicks cock cocks bitch whore slut tits ass arse piss pussy "
    "bastard nigger fag porn sex sexy rape raped nazi",
    "es": "mierda puta putas puto coño joder polla culo follar cabrón",
    "ru": "блядь сука хуй пизда ебать жопа говно дерьмо шлюха член",
    "tr": "siktir orospu piç göt amına sikik",
    "vi": "địt lồn cặc đĩ",
    "zh": "操 妓女 婊子 屁股 鸡巴 他妈的",
}


def texts(data: Path, lang: str) -> Iterator[str]:
    """Yield edited text of a language: FLORES dev, newstest, Tatoeba sentences and the questions of MKQA."""
    yield from flores_dev(data, lang)
    for other in _OTHERS if lang == "en" else (lang,):
        side = 0 if lang == "en" else 1
        yield from (pair[side] for pairs in newstest(data, other).values() for pair in pairs)
        yield from (pair[side] for pair in opus_tatoeba(data, other))
    yield from (question[lang] for question in mkqa(data) if lang in question)


def vocabulary(data: Path, lang: str) -> list[str]:
    """Return the words that a recogniser knows, the most frequent first, in their usual case.

    They are the first SIZE words of data/frequency that edited text or a shipped lexicon knows too. Raises DataError if
    the list is missing.
    """
    forms = _forms(lang, texts(data, lang))
    counts = {word: seen.total() for word, seen in forms.items()}
    known = {word for word, count in counts.items() if count > 1} | _listed(lang)
    unwanted = frozenset((_OATHS.get(lang, "") + _BARE.get(lang, "")).split())
    fits = _shape(lang)
    found: dict[str, str] = {}
    for line in required_lines(data / "frequency" / f"{lang}.txt"):
        word = unicodedata.normalize("NFC", line.split(" ")[0])
        if word not in known or word in unwanted or word in found or not fits.fullmatch(word):
            continue
        if lang == "el" and _UNACCENTED.fullmatch(word):
            continue
        if len(word) > 2 or not has_spaces(lang) or lang in _SYLLABLES or counts.get(word, 0) >= _SHORT:
            found[word] = _usual(forms.get(word), word)
        if len(found) == SIZE:
            break
    return [*found.values()]


def _shape(lang: str) -> regex.Pattern[str]:
    """Return what a word of a language looks like: letters of its script, more than one but for a few."""
    if lang in _LETTERS:
        letters = f"[{_LETTERS[lang]}]"
    elif lang == "zh":
        known = "".join(read_data("pinyin.json")["syllables"].values())
        letters = f"[{known}]"
    elif lang == "ar":
        letters = "[\u0621-\u063a\u0641-\u064a]"
    elif lang == "ru":
        letters = "[а-яё]"
    else:
        script = _SCRIPTS.get(language(lang).script, "Thai")
        letters = rf"[\p{{{script}}}\p{{M}}]"
    alone = "|".join(_ALONE.get(lang, "").split())
    shortest = 1 if lang in ("zh", "hi", "th") else 2
    return regex.compile(f"{letters}{{{shortest},}}" + (f"|{alone}" if alone else ""))


def _forms(lang: str, lines: Iterable[str]) -> dict[str, Counter[str]]:
    """Return how often each folded word has which form inside a sentence; at its beginning it counts as small."""
    if lang in ("zh", "th"):
        return {}
    found: dict[str, Counter[str]] = {}
    for line in lines:
        for match in _WORD.finditer(line):
            begins = line[max(0, match.start() - 2) : match.start()].strip(" ") in _OPENS
            folded = fold(match[0], lang)
            found.setdefault(folded, Counter())[folded if begins else match[0]] += 1
    return found


def _usual(forms: Counter[str] | None, folded: str) -> str:
    """Return the commonest form of a word, if it has a capital at its beginning alone; else the word."""
    form = forms.most_common(1)[0][0] if forms else folded
    return form if form[1:] == folded[1:] else folded


def _listed(lang: str) -> frozenset[str]:
    """Return the words of the shipped lexicons, in Chinese of jieba's, in Thai of PyThaiNLP's, in Vietnamese syllables."""
    if lang == "zh":
        import jieba

        with Path(jieba.__file__).with_name("dict.txt").open(encoding="utf-8") as lines:
            return frozenset(line.split(" ")[0] for line in lines)
    if lang == "th":
        from pythainlp.corpus import thai_words

        return frozenset(thai_words())
    if lang == "vi":
        return frozenset(syllable for word in vietnamese_words() for syllable in word.split())
    other = "de" if lang == "en" else "en"
    return frozenset(load_lexicon(lang, other).entries)
