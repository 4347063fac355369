"""``robustir new`` writes a package that builds, installs and passes its own tests; bad names are refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from robustir.cli.new import command
from robustir.errors import SpecError


def new(folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    monkeypatch.chdir(folder)
    return CliRunner().invoke(command, arguments, catch_exceptions=False, standalone_mode=False).output


@pytest.mark.parametrize("name", ["Upper", "two--hyphens", "-first", "last-", "under_score", "../up", "", "typos"])
def test_bad_and_taken_names_are_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SpecError):
        new(tmp_path, monkeypatch, "perturbation", "--", name)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "robustir-stutter").mkdir()
    with pytest.raises(SpecError, match="exists already"):
        new(tmp_path, monkeypatch, "perturbation", "stutter")
    assert list((tmp_path / "robustir-stutter").iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "name"), [("perturbation", "9-word-stutter"), ("encoder", "trigram-count")])
def test_the_package_installs_and_passes_its_tests(
    kind: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert f"cd robustir-{name}" in new(tmp_path, monkeypatch, kind, name)
    package, site = tmp_path / f"robustir-{name}", tmp_path / "site"
    pip = (sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-build-isolation")
    built = subprocess.run([*pip, "--target", site, package], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests"],
        cwd=package, env={**os.environ, "PYTHONPATH": str(site)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
