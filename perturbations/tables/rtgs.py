"""Thai words in Latin letters by the Royal Thai General System of Transcription: how they sound, without tones or length.

A word is cut by a dictionary of syllables, and each piece is read by patterns of Thai spelling: a vowel sign before,
above, below or after an initial consonant or cluster, and a final one. If a piece has several readings, the cheapest is
taken (one syllable before two, a consonant with an unwritten *a* before a final one that is not spoken). What no pattern
tells (linking vowels of Pali and Sanskrit compounds: ``วิทยา`` witthaya, not wit-ya) is in a short list of words, and is
missed elsewhere. Of the 77 provinces 61 come out as in their English names. Unlike in the standard, no hyphen separates vowels.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from robustir.perturbations.typing.keyboards import read_data
from robustir.text.words import thai_syllables

__all__ = ["thai"]

_RUN: Final = re.compile("[ก-ฮะ-\u0e3aเ-ไ\u0e45\u0e47-\u0e4e]+")  # letters, vowel signs and tone marks
_TONES: Final = re.compile("[\u0e48-\u0e4b]")
_TONE: Final = "\u0e48"  # stands for any; it is written over the last letter of the initial: แพร่ phrae, not phaen
_OTHER_SIGNS: Final = re.compile("[\u0e4e\u0e3a]")
_ABOVE: Final = re.compile("O[ัิีึืุู]?")
_SILENT: Final = re.compile("[ก-ฮ][ิุ]?\u0e4c")  # a consonant under thanthakhat, with its vowel
_CONSONANT: Final = "[กขฃคฅฆงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮ]"
_FINAL: Final = "[กขคฆงจชซญฎฏฐฑฒณดตถทธนบปพฟภมลศษสฬ]|ร(?!ร)"  # รร is a vowel
_RI: Final = "กตทปศส"  # after these ฤ is ri, elsewhere rue

# Spelling and vowel; O is the initial, K a final consonant, k one that may be there.
_SPELLINGS: Final = (
    ("Oวย", "uai"), ("OวK", "ua"), ("เOียะ", "ia"), ("เOียว", "iao"), ("เOียk", "ia"), ("เOือย", "ueai"),
    ("เOือk", "uea"), ("เOาะ", "o"), ("เOา", "ao"), ("เOอะ", "oe"), ("เOอk", "oe"), ("เOย", "oei"), ("เOิK", "oe"),
    ("เO็ว", "eo"), ("เOว", "eo"), ("แO็ว", "aeo"), ("แOว", "aeo"), ("เO็K", "e"), ("แO็K", "ae"), ("เOะ", "e"),
    ("แOะ", "ae"), ("โOะ", "o"), ("โOย", "oi"), ("เOk", "e"), ("แOk", "ae"), ("โOk", "o"), ("ไOย", "ai"), ("ไO", "ai"),
    ("ใO", "ai"), ("Oัวะ", "ua"), ("Oัว", "ua"), ("Oัย", "ai"), ("OัK", "a"), ("Oือ", "ue"), ("OืK", "ue"),
    ("Oึk", "ue"), ("Oิว", "io"), ("Oิk", "i"), ("Oีk", "i"), ("Oุย", "ui"), ("Oุk", "u"), ("Oูk", "u"), ("Oาย", "ai"),
    ("Oาว", "ao"), ("Oาk", "a"), ("Oำ", "am"), ("Oะ", "a"), ("Oอย", "oi"), ("Oอk", "o"), ("O็อK", "o"), ("OรรK", "a"),
    ("Oรร", "an"), ("OฤK", "ri"), ("Oฤ", "rue"), ("OK", "o"),
)  # fmt: skip
_AROUND: Final = re.compile("เO[ิีื]")  # a vowel sign around its initial: it may come before a consonant that has none

# What a reading costs. The least sum wins; among equal ones the reading that is tried first, and so fewer syllables.
_SYLLABLE, _BARE, _BARE_LAST, _BEFORE, _BEFORE_AROUND, _UNSPOKEN, _UNSPOKEN_SIGN = 10, 12, 16, 12, 9, 6, 3
_OPEN: Final = 3  # more for เ แ โ without a final: แสดง is sadaeng, not sae-dong
_OPEN_CLUSTER: Final = 9  # less for these: โปร is pro, not pon
_OPEN_CLUSTERS: Final = frozenset({"กร", "คร", "ตร", "ปร", "ปล"})
_SILENT_AFTER: Final = "ตธท"  # ชาติ chat, เหตุ het
_ENDS: Final = re.compile("[กคดตทชพ]ร")  # in บัตร bat, สมุทร samut the last letter is not spoken


@cache
def _data() -> dict[str, Any]:
    table: dict[str, Any] = read_data("transliterate", "th.json")
    return table


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str, int], ...]:
    """Return (pattern, vowel, cost); groups: a consonant before the initial that has no vowel, the initial, the final."""
    initial = f"(?P<initial>{'|'.join(_data()['clusters'])}|{_CONSONANT})"
    patterns = []
    for spelling, vowel in _SPELLINGS:
        finals = [f"(?P<final>{_FINAL})"] if "K" in spelling or "k" in spelling else []
        finals += [] if "K" in spelling else ["(?P<final>)"]
        for final in finals:
            body = _ABOVE.sub(rf"\g<0>{_TONE}?", spelling.rstrip("Kk"))
            for bare in ("(?P<bare>)", f"(?P<bare>{_CONSONANT})"):
                if "O" in body[:1] and bare != "(?P<bare>)":
                    continue  # the pattern OK alone: a consonant without a vowel is read by itself
                for consonant in (initial, f"(?P<initial>{_CONSONANT})"):
                    cost = _SYLLABLE + _OPEN * (spelling in {"เOk", "แOk", "โOk"} and final == "(?P<final>)")
                    if bare != "(?P<bare>)":
                        cost += _BEFORE_AROUND if _AROUND.match(spelling) else _BEFORE
                    patterns.append((re.compile(body.replace("O", bare + consonant) + final), vowel, cost))
    return tuple(patterns)


def thai(word: str) -> str:
    """Return a word in Latin letters; characters that are not Thai stay, and so does a sign that belongs to no letter."""
    table = _data()
    if word in table["words"]:
        listed: str = table["words"][word]
        return listed
    latin = _RUN.sub(lambda run: "".join(map(_piece, _syllables(run[0]))), word)
    return "".join(table["digits"].get(character, character) for character in latin)


def _syllables(run: str) -> list[str]:
    """Return the syllables of a run; a consonant alone after a silenced one ends its syllable (เธอร์ส)."""
    found: list[str] = []
    for piece in thai_syllables(run):
        if found and found[-1].endswith("\u0e4c") and re.fullmatch(_CONSONANT, piece):
            found[-1] += piece
        else:
            found.append(piece)
    return found


@cache
def _piece(piece: str) -> str:
    words: dict[str, str] = _data()["words"]
    if piece in words:
        return words[piece]
    bare = _OTHER_SIGNS.sub("", _SILENT.sub("", piece)).replace("\u0e4d\u0e32", "ำ")
    plain, cut = _TONES.sub("", bare), bool(_SILENT.search(piece))
    # A misplaced tone mark leaves no reading; then it is read without.
    return words.get(plain) or _cheapest(_TONES.sub(_TONE, bare), cut=cut) or _cheapest(plain, cut=cut) or piece


def _cheapest(piece: str, *, cut: bool) -> str:
    """Return the cheapest reading, "" if there is none; cut: whether the piece ended with a silenced consonant."""
    best: list[tuple[int, str] | None] = [(0, "")] + [None] * len(piece)
    for at in range(len(piece)):
        reading = best[at]
        if reading is None:
            continue
        for end, cost, latin in _readings(piece, at, cut=cut):
            total, known = reading[0] + cost, best[end]
            if known is None or total < known[0]:
                best[end] = (total, reading[1] + latin)
    return best[-1][1] if best[-1] else ""


def _readings(piece: str, at: int, *, cut: bool) -> Iterator[tuple[int, int, str]]:
    """Yield (end, cost, Latin letters) of what may be read from a place on."""
    table = _data()
    for pattern, vowel, cost in _patterns():
        if match := pattern.match(piece, at):
            initial, final = match["initial"], match["final"]
            bare = table["initials"][match["bare"]] + "a" if match["bare"] else ""
            if vowel in ("ri", "rue"):
                vowel = "ri" if initial in _RI else "rue"
            onset = table["clusters"].get(initial) or table["initials"][initial]
            latin = bare + onset + vowel + table["finals"].get(final, "")
            if not final and vowel in ("e", "ae", "o") and piece[at] in "เแโ" and initial in _OPEN_CLUSTERS:
                cost = _OPEN_CLUSTER
            yield match.end(), cost, latin
            if final and (rest := piece[match.end() :]):  # ชาติ chat, บัตร bat: the end is written and not spoken
                if vowel != "o" and final in _SILENT_AFTER and rest in ("ิ", "ุ"):
                    yield len(piece), cost + _UNSPOKEN_SIGN, latin
                elif (cut and rest in table["initials"]) or (vowel != "o" and _ENDS.fullmatch(final + rest)):
                    yield len(piece), cost + _UNSPOKEN, latin
    if piece[at] == "ฤ":
        yield at + 1, _SYLLABLE, "rue"
    elif piece[at] in table["initials"]:
        yield at + 1, _BARE_LAST if at + 1 == len(piece) else _BARE, table["initials"][piece[at]] + "a"
