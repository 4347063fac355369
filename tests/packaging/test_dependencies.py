"""What pyproject.toml declares is what the source imports; `make style` asks deptry, and this test what deptry is told to skip."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from robustir.cli.examination import examine


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def source(root: Path) -> str:
    folders = ("robustir", "perturbations", "benchmarks", "reports")
    return "\n".join(path.read_text(encoding="utf-8") for name in folders for path in (root / name).rglob("*.py"))


def test_what_the_check_of_dependencies_skips_is_imported_by_name(project: dict[str, Any], source: str) -> None:
    skipped = project["tool"]["deptry"]["per_rule_ignores"]["DEP002"]
    declared = {
        Requirement(line).name for lines in project["project"]["optional-dependencies"].values() for line in lines
    }
    assert set(skipped) <= declared
    modules = {name: name.replace("-", "_") for name in skipped} | project["tool"]["deptry"]["package_module_name_map"]
    assert [name for name in skipped if not re.search(rf"""["']{modules[name]}["'./]""", source)] == []


def test_every_extra_that_the_doctor_names_is_there(project: dict[str, Any]) -> None:
    extras = set(project["project"]["optional-dependencies"]) - {"all", "dev"}
    rows = {row["name"].removeprefix("extra "): row for row in examine(None) if row["name"].startswith("extra ")}
    assert set(rows) <= extras
    whole = Requirement(project["project"]["optional-dependencies"]["all"][0])
    assert whole.extras == extras


def test_the_check_of_dependencies_is_installed_by_the_extra_for_developers() -> None:
    assert any(Requirement(line).name == "deptry" for line in requires("robustir") or ())
