"""What goes wrong when Chinese is typed in pinyin: another character of the same syllable is taken from the list.

The input method offers the characters of a toneless syllable by frequency, so a mistake is one of the first. A syllable
with few characters is filled up with those of syllables that fuzzy pinyin, a standard setting of the input methods,
takes for the same (z/zh, c/ch, s/sh, n/l, f/h, an/ang, en/eng, in/ing).
"""

from __future__ import annotations

from robustir.perturbations.typing.keyboards import layout, read_data

__all__ = ["homophones", "mistyped_syllables"]

_PAGE = 9  # candidates on the first page of an input method
_ENOUGH = 3
_INITIALS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"), ("f", "h"))
_FINALS = (("ang", "an"), ("eng", "en"), ("ing", "in"))


def homophones() -> dict[str, list[str]]:
    """Return the characters that may be taken instead of each character, most frequent first."""
    syllables: dict[str, str] = read_data("pinyin.json")["syllables"]
    alike: dict[str, list[str]] = {}
    for syllable, characters in syllables.items():
        fuzzy = "".join(syllables.get(other, "") for other in _fuzzy(syllable))
        for character in characters:
            others = characters.replace(character, "")[:_PAGE]
            if len(others) < _ENOUGH:
                others += "".join(c for c in fuzzy if c not in others and c != character)[: _ENOUGH - len(others)]
            if others:
                alike[character] = list(others)
    return alike


def mistyped_syllables() -> dict[str, list[str]]:
    """Return the first characters of the syllables that one wrong, missed or doubled key gives, likelier ones first."""
    syllables: dict[str, str] = read_data("pinyin.json")["syllables"]
    near = layout("en").neighbours
    instead: dict[str, list[str]] = {}
    for syllable, characters in syllables.items():
        typed = [
            made
            for place, key in enumerate(syllable)
            for made in (
                syllable[:place] + syllable[place + 1 :],
                *(syllable[:place] + other + syllable[place + 1 :] for other in near[key]),
            )
        ]
        found = [made for made in dict.fromkeys(typed) if made in syllables and made != syllable]
        for character in characters:
            instead[character] = [syllables[made][0] for made in found[:_PAGE]]
    return {character: others for character, others in instead.items() if others}


def _fuzzy(syllable: str) -> list[str]:
    """Return the syllables that differ in one fuzzy initial or final."""
    syllables = []
    for long, short in _INITIALS:
        if syllable.startswith(long):
            syllables.append(short + syllable[len(long) :])
        elif syllable.startswith(short):
            syllables.append(long + syllable[len(short) :])
    for long, short in _FINALS:
        if syllable.endswith(long):
            syllables.append(syllable[: -len(long)] + short)
        elif syllable.endswith(short):
            syllables.append(syllable[: -len(short)] + long)
    return syllables
