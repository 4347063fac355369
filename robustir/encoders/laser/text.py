"""LASER's input: from a text to pieces, as its authors' laser_encoders does it."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Any

from robustir.errors import InputError, MissingExtraError

__all__ = ["LaserTokenizer", "clean"]


class _Printable(dict[int, int | str]):
    """A translation table that turns everything of Unicode's category C (Cc, Cf, Cn, Co, Cs) into a space."""

    def __missing__(self, code: int) -> int | str:
        self[code] = " " if unicodedata.category(chr(code))[0] == "C" else code
        return self[code]


_PRINTABLE = _Printable()
# Release 4.0 of Moses makes double quotes of a single low and a single left one; later releases make apostrophes.
_RELEASE_4 = {"‘": '"', "‚": '"'}


def _normalizer() -> Any:
    try:
        from sacremoses import MosesPunctNormalizer
    except ImportError as error:
        raise MissingExtraError("sacremoses", "laser") from error
    normalizer: Any = MosesPunctNormalizer("en", perl_parity=True)
    rules = [(pattern, _RELEASE_4.get(pattern, by)) for pattern, by in normalizer.substitutions]
    if sum(pattern in _RELEASE_4 for pattern, _ in rules) != len(_RELEASE_4):
        raise InputError("this version of sacremoses has other rules for quotes: run  pip install 'sacremoses<0.3'")
    normalizer.substitutions = [(re.compile(pattern), by) for pattern, by in rules]
    return normalizer


def clean(text: str, normalizer: Any) -> str:
    """Return a text with control characters as spaces, Moses' punctuation, and in lower case."""
    normalized: str = normalizer.normalize(text.translate(_PRINTABLE))
    return normalized.lower()


class LaserTokenizer:
    """Cleans a text and splits it into SentencePiece's pieces. path: the .spm file."""

    def __init__(self, path: Path) -> None:
        try:
            import sentencepiece
        except ImportError as error:
            raise MissingExtraError("sentencepiece", "laser") from error
        self._normalizer = _normalizer()
        library: Any = sentencepiece
        try:
            self._pieces: Any = library.SentencePieceProcessor(model_file=str(path))
        except (OSError, RuntimeError) as error:
            raise InputError(f"{path} is not a SentencePiece model ({error}); get the file again") from error

    def pieces(self, texts: list[str]) -> list[list[str]]:
        """Return the pieces of each text; white space pieces are left out, as in LASER's reading of lines."""
        cleaned = [clean(text, self._normalizer) for text in texts]
        return [" ".join(row).split() for row in self._pieces.encode(cleaned, out_type=str)]
