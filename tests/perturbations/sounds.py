"""How often ``phonetic`` keeps the sound, told by espeak-ng: ``python -m tests.perturbations.sounds``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import regex

from robustir.disk.folders import data_folder
from robustir.languages import has_spaces
from robustir.perturbations.phonetic import Phonetic
from robustir.perturbations.tables.confusions import confusions
from robustir.text.sounds import Speaker, speaker
from robustir.text.words import words as segmented

SPELLED = sorted((Phonetic.languages or frozenset()) - {"zh"})  # Chinese goes by its own table of pinyin


def kept(lang: str, texts: Iterable[str], speaker: Speaker) -> tuple[float, float]:
    """Return the share of words with other spellings, and the share of these with the same sound."""
    words: Counter[str] = Counter()
    for text in texts:
        words.update(regex.findall(r"[\p{L}\p{M}'’]+", text.lower()) if has_spaces(lang) else segmented(text, lang))
    spellings = confusions(lang)
    some = same = 0.0
    for word, count in words.items():
        if others := spellings(word):
            some += count
            same += count * sum(speaker.same(lang, word, other) for other in others) / len(others)
    return some / words.total(), same / some


def questions(folder: Path, lang: str) -> list[str]:
    articles = json.loads((folder / "xquad-r" / f"{lang}.json").read_text("utf-8"))["data"]
    return [asked["question"] for article in articles for part in article["paragraphs"] for asked in part["qas"]]


def main() -> None:
    folder = data_folder()
    if folder is None:
        raise SystemExit("set ROBUSTIR_DATA to the data folder")
    voice = speaker()
    if voice is None:
        raise SystemExit("install espeak-ng (Debian: apt-get install espeak-ng)")
    print("| language | words with a spelling | same sound, XQuAD-R | same sound, FLORES devtest |\n|---|---|---|---|")
    for lang in SPELLED:
        share, asked = kept(lang, questions(folder, lang), voice)
        sentences = (folder / "flores" / "devtest" / f"{lang}.txt").read_text("utf-8").splitlines()
        print(f"| {lang} | {share:.0%} | {asked:.0%} | {kept(lang, sentences, voice)[1]:.0%} |")


if __name__ == "__main__":
    main()
