"""The wheel: what is in it, and that the main job and a third-party plugin work from a fresh environment."""

from __future__ import annotations

import json
import os
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.packaging.wheels import run


def test_contents(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"robustir"}
    for wanted in (
        "robustir/py.typed",
        "robustir/benchmarks/mini/zh.jsonl",
        "robustir/benchmarks/suites/quickstart.toml",
        "robustir/perturbations/typos.py",
        "robustir/reports/templates/report.typ",
    ):
        assert wanted in names
    assert any(name.startswith("robustir/perturbations/data/") for name in names)
    for encoder in ("static-xx", "static-xy", "static-hybrid"):
        assert {
            f"robustir/encoders/weights/{encoder}/{file}" for file in ("model.safetensors", "tokenizer.json")
        } <= set(names)


def test_packages_and_entry_points_equal_the_tree(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    found = {"robustir"}
    for top, package in (
        ("robustir", "robustir"),
        ("perturbations", "robustir.perturbations"),
        ("benchmarks", "robustir.benchmarks"),
        ("reports", "robustir.reports"),
    ):
        for folder, folders, files in os.walk(root / top):
            folders[:] = [name for name in folders if not (Path(folder) / name).is_symlink() and name != "__pycache__"]
            if any(name.endswith(".py") for name in files):
                relative = Path(folder).relative_to(root / top).parts
                found.add(".".join([package, *relative]))
    assert set(project["tool"]["setuptools"]["packages"]) == found
    import importlib

    for group in ("perturbations", "encoders", "benchmarks"):
        for name, target in project["project"]["entry-points"][f"robustir.{group}"].items():
            module, _, attribute = target.partition(":")
            made = getattr(importlib.import_module(module), attribute)
            declared = getattr(made, "name", name)
            assert isinstance(declared, property) or declared == name  # an encoder may name itself after its model


@pytest.mark.slow
def test_the_main_job_runs_from_the_wheel(python: Path, tmp_path: Path) -> None:
    done = run(
        python, "-m", "robustir", "run", "quickstart", "--languages", "en,th", "--severities", "0.3", "--draws", "1",
        "--perturbation", "typos", "--encoder", "hashing", "--encoder", "bm25", "-o", "out", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "report.html").stat().st_size > 10_000
    assert (tmp_path / "out" / "report.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.slow
def test_a_third_party_plugin_is_listed_checked_and_run(python: Path, tmp_path: Path) -> None:
    listed = json.loads(run(python, "-m", "robustir", "list", "perturbations", "--json", cwd=tmp_path).stdout)
    rows = {row["name"]: row for row in listed}
    assert rows["shouting"]["package"] == "shouting-queries"
    assert rows["shouting"]["languages"] == ["de", "el", "en", "es", "ru", "tr", "vi"]
    # A plugin that cannot be imported is named with its error, and the others work.
    assert "broken on purpose" in rows["broken-import"]["error"]
    checked = run(python, "-m", "robustir", "check", "shouting", cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    done = run(
        python, "-m", "robustir", "run", "quickstart", "--languages", "en,th", "--severities", "1.0", "--draws", "1",
        "--perturbation", "shouting", "--encoder", "hashing", "-o", "out", "--format", "csv", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert [row["language"] for row in manifest["not_applicable"]] == ["th"]
    refused = run(
        python, "-m", "robustir", "run", "quickstart", "--perturbation", "broken-import", "-o", "no", cwd=tmp_path
    )
    assert refused.returncode == 2
    assert "pip uninstall shouting-queries" in refused.stderr
    assert not (tmp_path / "no").exists()
