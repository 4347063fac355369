"""A plugin that cannot be imported is named with its error and stops nothing else; only asking for it fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from robustir.cli.examination import examine
from robustir.errors import SpecError
from robustir.kit.catalogue import describe, listing
from robustir.plugins.installed import installed_points
from robustir.plugins.registry import _entries, create, registered


def _forget() -> None:
    for cached in (installed_points, _entries):
        cached.cache_clear()


def _package(place: Path, name: str, points: str | bytes, module: str, *, metadata: bool = True) -> None:
    """Lay out a distribution in a folder of the import path, as pip would."""
    info = place / f"{name}-1.0.dist-info"
    info.mkdir()
    if metadata:
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_bytes(points if isinstance(points, bytes) else points.encode())
    (place / f"{name}_noise.py").write_text(module)


@pytest.fixture(autouse=True)
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A real distribution on sys.path whose module raises at import; returns the folder."""
    points = "[robustir.perturbations]\ncracked-noise = cracked_noise:Noise\n"
    _package(tmp_path, "cracked", points, "raise RuntimeError('cracked on purpose')\n")
    monkeypatch.syspath_prepend(tmp_path)
    _forget()
    yield tmp_path
    _forget()


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


def test_entry_points_that_are_not_text_are_named_by_the_doctor_and_stop_nothing(broken: Path) -> None:
    _package(broken, "latin", "[robustir.encoders]\nlätin = latin_noise:E\n".encode("latin-1"), "")
    _forget()
    assert create("perturbation", "shuffle-words").name == "shuffle-words"
    row = next(row for row in examine(None) if row["name"] == "packages")
    assert not row["ok"]
    assert "the package latin-1.0 cannot be read (UnicodeDecodeError" in row["detail"]


def test_a_package_without_metadata_goes_by_its_folder(broken: Path) -> None:
    points = "[robustir.perturbations]\nnameless = nameless_noise:Noise\n"
    _package(broken, "nameless", points, "from robustir.perturbations.casing import Casing as Noise\n", metadata=False)
    _forget()
    assert registered("perturbation")["nameless"].package == "nameless-1.0"
    assert create("perturbation", "nameless").name == "casing"
    assert next(row for row in examine(None) if row["name"] == "encoders")["ok"]


def test_a_built_in_keeps_its_name_and_strangers_with_one_name_are_set_aside(broken: Path) -> None:
    for name in ("first", "second"):
        points = f"[robustir.perturbations]\ntypos = {name}_noise:Noise\nours = {name}_noise:Noise\n"
        _package(broken, name, points, "raise SystemExit(3)\n")
    _forget()
    assert type(create("perturbation", "typos")).__module__ == "robustir.perturbations.typos"
    with pytest.raises(SpecError, match=r"two packages bring a perturbation called 'ours': .*; uninstall one of them"):
        create("perturbation", "ours")
    assert "two packages" in next(row for row in listing("perturbations") if row["name"] == "ours")["error"]
    detail = next(row for row in examine(None) if row["name"] == "perturbations")["detail"]
    assert "'typos' of" in detail
    assert "has the name of a built-in, which is used" in detail


def test_a_plugin_that_exits_is_named(broken: Path) -> None:
    _package(broken, "leaver", "[robustir.perturbations]\nleaver = leaver_noise:Noise\n", "raise SystemExit(3)\n")
    _forget()
    with pytest.raises(SpecError, match=r"'leaver' from the package 'leaver' cannot be imported \(SystemExit: 3\)"):
        create("perturbation", "leaver")


def test_languages_may_be_a_property(broken: Path) -> None:
    module = "class Noise:\n    @property\n    def languages(self):\n        return ('en', 'de')\n"
    _package(broken, "proper", "[robustir.perturbations]\nproper = proper_noise:Noise\n", module)
    _forget()
    assert next(row for row in listing("perturbations") if row["name"] == "proper")["languages"] == ["de", "en"]
