"""The names that robustir offers: they exist, the documentation lists them, a notebook completes them and shows them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import robustir
from robustir.seeds import derive_key


def test_every_name_exists_and_dir_lists_no_others() -> None:
    assert dir(robustir) == sorted(robustir.__all__)
    for name in robustir.__all__:
        assert getattr(robustir, name).__class__ is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        robustir.nothing  # noqa: B018 - asking is the test


def test_every_error_is_offered() -> None:
    from robustir import errors

    assert {name for name in robustir.__all__ if name.endswith("Error")} == set(errors.__all__)


def test_the_documentation_lists_every_name(root: Path) -> None:
    page = (root / "docs" / "api.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == sorted(robustir.__all__)


def test_the_reference_documents_every_name(root: Path) -> None:
    page = (root / "docs" / "reference" / "python.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^::: (\S+)", page, re.MULTILINE))
    for name in set(robustir.__all__) - {"__version__"}:
        found = getattr(robustir, name)
        assert {found.__module__, f"{found.__module__}.{found.__qualname__}"} & documented, name


def test_names_are_loaded_when_they_are_asked_for() -> None:
    code = "import robustir, sys; dir(robustir); print(sorted({'numpy', 'pandas', 'torch', 'pydantic'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


class Mine:
    name = "my own"
    revision = "1"
    uses_langs = False

    def encode(self, texts: list[str], *, role: str, langs: object = None) -> None:
        """Never called."""


def test_what_a_notebook_shows() -> None:
    assert repr(robustir.encoder("hashing")) == "HashingEncoder('hashing')"
    assert repr(robustir.encoder("bm25")) == "BM25('bm25')"
    assert repr(robustir.encoder(Mine())) == "IdentifiedPlugin('my own')"
    assert repr(robustir.encoder(lambda texts: texts)) == "AdaptedEncoder('function')"
    assert repr(robustir.RunDirectory("runs/mine")) == "RunDirectory('runs/mine')"
    assert repr(robustir.load_suite("quickstart")).startswith("Suite('quickstart': ")
    assert repr(robustir.Stream(derive_key("a"))) == f"Stream({derive_key('a').hex()})"
