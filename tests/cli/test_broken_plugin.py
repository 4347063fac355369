"""A plugin that cannot be imported is named with its error and stops nothing else; only asking for it fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from robustir.cli.examination import examine
from robustir.errors import SpecError
from robustir.kit.catalogue import describe, listing
from robustir.plugins.registry import create, registered


@pytest.fixture(autouse=True)
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A real distribution on sys.path whose module raises at import."""
    info = tmp_path / "cracked-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: cracked\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[robustir.perturbations]\ncracked-noise = cracked_noise:Noise\n")
    (tmp_path / "cracked_noise.py").write_text("raise RuntimeError('cracked on purpose')\n")
    monkeypatch.syspath_prepend(tmp_path)
    registered.cache_clear()
    yield
    registered.cache_clear()


def test_the_list_names_it_and_goes_on() -> None:
    rows = {row["name"]: row for row in listing("perturbations")}
    assert "RuntimeError: cracked on purpose" in rows["cracked-noise"]["error"]
    assert rows["cracked-noise"]["package"] == "cracked"
    assert "error" not in rows["typos"]


def test_another_one_is_described() -> None:
    assert set(describe("shuffle-words")["examples"][0]) == {"lang", "clean", "noisy"}


def test_the_doctor_names_it_and_goes_on() -> None:
    rows = {row["name"]: row for row in examine(None)}
    assert not rows["perturbations"]["ok"]
    assert "pip uninstall cracked" in rows["perturbations"]["detail"]
    assert rows["encoders"]["ok"]


@pytest.mark.parametrize("ask", [describe, lambda name: create("perturbation", name)], ids=["describe", "create"])
def test_asking_for_it_says_what_to_do(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(SpecError, match=r"cracked on purpose.*pip uninstall cracked"):
        ask("cracked-noise")
    assert create("perturbation", "shuffle-words").name == "shuffle-words"
