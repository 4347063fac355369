"""What ``robustir new`` writes: the files of a plugin package, by kind; NAME, MODULE and CLASS are filled in."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["scaffold", "suite_scaffold"]

_PYPROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "robustir-NAME"
version = "0.1.0"
description = "The KIND NAME for robustir"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["robustir"]

[project.optional-dependencies]
test = ["pytest>=8"]

[project.entry-points."robustir.KINDs"]
NAME = "MODULE:CLASS"

[tool.setuptools.packages.find]
where = ["src"]
"""

_README = """\
# robustir-NAME

The KIND `NAME` for robustir.

    pip install -e '.[test]'
    pytest
    robustir describe KIND:NAME
    robustir check KIND:NAME

Licence: none is chosen yet. Add a LICENSE file and `license = "..."` (an SPDX name) to pyproject.toml before you share it.
"""

_TEST = """\
from __future__ import annotations

import pytest

from robustir.kit.check import Law, check


@pytest.mark.parametrize("law", check("KIND", "NAME"), ids=lambda law: law.name)
def test_law(law: Law) -> None:
    assert law.passed, law.detail
"""

_PERTURBATION = '''\
"""The perturbation NAME."""

from __future__ import annotations

import re

from robustir.seeds import Stream


class CLASS:
    """Words written twice: replace this example with your own noise."""

    name = "NAME"
    version = "1"  # raise it when the output changes: it is part of every result's key
    languages = frozenset({"ar", "de", "el", "en", "es", "hi", "ru", "tr", "vi"})  # or None: any language
    nested = True  # what is edited at 0.1 is edited, in the same form, at 0.3

    severity_meaning = "expected share of words that are written twice"
    source = "an example; name the paper or the data behind your rates"

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        """Return ``text`` with noise; each word is edited where its own uniform number is below the severity."""
        parts = re.split(r"(\\s+)", text)
        return "".join(
            f"{part} {part}" if part.strip() and rng.uniform(place) < severity else part
            for place, part in enumerate(parts)
        )
'''

_ENCODER = '''\
"""The encoder NAME."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray


class CLASS:
    """Counts of character trigrams, hashed: replace this example with your own model."""

    name = "NAME"
    revision = "1"  # raise it when something that your code reads, such as a file of weights, changes
    uses_langs = False  # True if the language changes the vectors

    def encode(
        self, texts: Sequence[str], *, role: Literal["query", "passage"], langs: Sequence[str] | None = None
    ) -> NDArray[np.float32]:
        """Return float32 vectors of shape [len(texts), 256]."""
        vectors = np.zeros((len(texts), 256), dtype=np.float32)
        for row, text in enumerate(texts):
            padded = f" {text} "
            for place in range(len(padded) - 2):
                trigram = padded[place : place + 3].encode("utf-8", "surrogatepass")
                vectors[row, zlib.crc32(trigram) % 256] += 1
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1)
'''

_SUITE = """\
# A suite: what  robustir run NAME.toml  runs. Every key is explained in docs/suites.md; paths are relative to this file.

name = "NAME"  # the run's folder is runs/NAME
description = "Two encoders without downloads on the collection that comes with robustir."
question = "How much does retrieval suffer when queries arrive with typing errors?"  # the report answers it first

# Collections: names (robustir list benchmarks), or folders in BEIR's layout such as "./my-collection".
benchmarks = ["mini"]
languages = ["de", "en"]  # without this line: all languages of each collection
# settings = ["mono", "cross", "multi"]  # passages in the query's language, in one other, in all
# limit = 50  # so many queries per language, for a quick look
# index = "ivf(nlist=1024)"  # how vectors of large collections are searched (docs/large-collections.md); exact by default
# longest = 1_000_000  # characters that a query may have; longer ones are refused

# Encoders: names (robustir list encoders), folders such as "./models/mine", or package.module:object; the order is kept.
encoders = [
    "bm25",
    { spec = "hashing", name = "characters" },  # a name of your own for all results
    # { spec = "./models/mine", name = "mine" },
]
# optional = ["use-multilingual"]  # encoders that join where they are installed

# Noise (robustir list perturbations). Clean queries are always scored, and shuffled ones as a floor.
perturbations = [
    "typos",
    # { spec = "ocr", severities = [0.2], draws = 1, exploratory = true },
]
severities = [0.1, 0.3]  # shares of words that are edited
draws = 1  # how often each noise is drawn at each severity
seed = 1  # the same seed gives the same noise

measures = ["AP", "nDCG@10", "R@10"]  # robustir list measures; the first is the main one

# [statistics]
# confidence = 0.95
# resamples = 2_000
# flips = 10_000
# interval = "studentised"  # or percentile, bca
# test = "flips"  # or t, bootstrap, wilcoxon
# correction = "max-t"  # or holm

# What does not matter: changes within these margins are tested for equivalence.
# [equivalence]
# absolute = 1.0  # points
# relative = 0.05  # of the score
# reason = "users notice no less"

# When a noisy query may mean something else; numbers are made with and without such queries:
# [validity]
# characters = 0.5  # share of its characters that a query keeps
# protected = true  # and its numbers, names and negations

# Encoders that were trained with several seeds, and what is compared (docs/training.md):
# compare = [["mine", "theirs"]]
# [strategies.mine]
# encoders = "models/mine-*"
# train = "robustir train CONFIG --seed 0 --seed 1 -o models"

# Folders that specs above name, with the command that makes them:
# [needs]
# "models/mine" = "robustir train CONFIG -o models/mine"
"""

_SOURCES: Mapping[str, str] = {"perturbation": _PERTURBATION, "encoder": _ENCODER}


def suite_scaffold(name: str) -> str:
    """Return the text of a suite that runs as it is, with every key explained."""
    return _SUITE.replace("NAME", name)


def scaffold(kind: str, name: str) -> dict[str, str]:
    """Return the text of each file of the package, by its path inside the package's folder."""
    module = f"robustir_{name.replace('-', '_')}"
    made = "Plugin" + "".join(part.capitalize() for part in name.split("-"))  # a name may begin with a digit
    files = {
        "pyproject.toml": _PYPROJECT,
        "README.md": _README,
        f"src/{module}/__init__.py": _SOURCES[kind],
        "tests/test_laws.py": _TEST,
    }
    return {
        path: text.replace("KIND", kind).replace("NAME", name).replace("MODULE", module).replace("CLASS", made)
        for path, text in files.items()
    }
