"""The manifest: a value that is written and read back, and what is said of one that cannot be used."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

from robustir.errors import RunError
from robustir.planning.schema import SCHEMA
from robustir.rundir.directory import RunDirectory
from robustir.rundir.manifest import Manifest
from tests.tiny import run_cells, suite_of, write_beir

KEYS = (
    "schema", "status", "created", "name", "description", "plan", "extended", "suite", "data", "benchmarks", "encoders",
    "encoder_notes", "perturbations", "not_applicable", "cells", "versions", "machine", "git", "failed", "counts", "timings", "files", "digest",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    path = tmp_path_factory.mktemp("manifest")
    run_cells(suite_of(write_beir(path / "task"), perturbations=("tests.tiny:OnlyA",)), path / "run")
    return path / "run"


def content_of(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return content


def without_digests(folder: Path) -> dict[str, Any]:
    """A manifest as written before digests were kept."""
    return {key: value for key, value in content_of(folder).items() if key not in {"files", "digest"}}


def test_what_is_written_is_read_back(folder: Path) -> None:
    manifest = RunDirectory(folder).read_manifest()
    assert manifest.text() == (folder / "manifest.json").read_text(encoding="utf-8")
    assert Manifest.read(manifest.text(), "here") == manifest
    assert tuple(content_of(folder)) == KEYS
    assert list(content_of(folder)["encoders"][0]) == ["name", "spec", "revision", "vectors"]
    assert repr(manifest).startswith("Manifest('tiny' of 20")
    with pytest.raises(FrozenInstanceError):
        manifest.name = "another"  # type: ignore[misc]


def test_another_schema_is_one_clear_message(folder: Path) -> None:
    text = json.dumps(content_of(folder) | {"schema": SCHEMA + 1})
    with pytest.raises(
        RunError, match=rf"^here has schema {SCHEMA + 1}, and this version of robustir reads schema {SCHEMA};"
    ):
        Manifest.read(text, "here")


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"cells": [{"benchmark": "mini"}]}, r"cells\[0\]\.encoder: "),
        ({"suite": {"name": "x"}}, r"suite\.benchmarks: "),
        ({"counts": "many"}, r"counts: "),
        ({"schema": None}, r"schema: "),
        ({"plan": None}, r"plan: "),
    ],
)
def test_a_manifest_with_something_wrong_says_where(folder: Path, change: dict[str, Any], where: str) -> None:
    with pytest.raises(RunError, match=rf"^here is not the manifest of a run \({where}.*\); run the suite in another"):
        Manifest.read(json.dumps(without_digests(folder) | change), "here")


@pytest.mark.parametrize("text", ["[]", "3", '"text"', "null"])
def test_other_json_is_not_a_manifest(text: str) -> None:
    with pytest.raises(RunError, match="here is not the manifest of a run"):
        Manifest.read(text, "here")
