"""Damage of every file of a run: named when it is read, and made again, with the same bytes, when the run goes on."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import robustir
from robustir.errors import RunError
from robustir.planning.plan import Plan, make_plan
from robustir.rundir.directory import RunDirectory
from robustir.rundir.files import JOURNAL
from robustir.rundir.manifest import Manifest
from robustir.running.orchestration import execute_plan
from tests.tiny import suite_of

PARTS = ("queries", "ranks", "rankings", "passages", "relevant", "shown")


@pytest.fixture(scope="module")
def plan() -> Plan:
    suite = suite_of(
        benchmarks=("mini",), languages=("en",), encoders=("bm25",), perturbations=("typos",), severities=(0.5,)
    )
    return make_plan(suite)


@pytest.fixture(scope="module")
def whole(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    folder = tmp_path_factory.mktemp("digests") / "run"
    execute_plan(plan, RunDirectory(folder), formats=("csv",))
    return folder


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "run")


def files_of(folder: Path) -> dict[str, bytes]:
    paths = (path for part in PARTS for path in sorted((folder / part).glob("*.parquet")))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def flips(content: bytes, number: int, seed: str) -> Iterator[bytes]:
    chance = random.Random(seed)
    for _ in range(number):
        changed = bytearray(content)
        changed[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        yield bytes(changed)


def test_the_manifest_has_the_digest_of_every_file(whole: Path) -> None:
    files = RunDirectory(whole).read_manifest().files
    assert files is not None
    assert files.keys() == files_of(whole).keys()
    assert {name.partition("/")[0] for name in files} == set(PARTS)
    assert not (whole / JOURNAL).exists()


@pytest.mark.parametrize("part", PARTS)
def test_every_flipped_bit_is_noticed(run: Path, part: str) -> None:
    """Headers and footers of Parquet have no checksum of their own: a flip there gave other judgements."""
    path = min((run / part).glob("*.parquet"))
    for content in flips(path.read_bytes(), 60, part):
        path.write_bytes(content)
        with pytest.raises(RunError, match=rf"{path.name} is damaged .*robustir resume {run}"):
            RunDirectory(run).read_table(path)


def test_swapped_cells_are_noticed_and_made_again(run: Path, whole: Path, plan: Plan) -> None:
    first, second = (path for path in sorted((run / "ranks").glob("*.parquet"))[:2])
    first.rename(run / "aside")
    second.rename(first)
    (run / "aside").rename(second)
    assert first.read_bytes() != second.read_bytes()
    with pytest.raises(RunError, match="is damaged"):
        robustir.analyse(run)
    _, notes = execute_plan(plan, RunDirectory(run), formats=("csv",))
    assert any(note.startswith("2 files were damaged or lost, and made again; the first: ranks/") for note in notes)
    assert files_of(run) == files_of(whole)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("damage", ["flip", "cut", "lost"])
def test_what_is_damaged_or_lost_is_made_again(run: Path, whole: Path, plan: Plan, part: str, damage: str) -> None:
    path = max((run / part).glob("*.parquet"))
    content = path.read_bytes()
    if damage == "lost":
        path.unlink()
    else:
        path.write_bytes(content[:-9] if damage == "cut" else next(flips(content, 1, damage)))
    _, notes = execute_plan(plan, RunDirectory(run), formats=("csv",))
    assert notes == [f"1 file was damaged or lost, and made again; the first: {part}/{path.name}"]
    assert files_of(run) == files_of(whole)
    assert RunDirectory(run).read_manifest().files == RunDirectory(whole).read_manifest().files


def test_a_flipped_bit_of_the_manifest_changes_nothing_in_silence(whole: Path) -> None:
    content = (whole / "manifest.json").read_bytes()
    sound = Manifest.read(content.decode(), "here")
    silent = 0
    for changed in flips(content, 400, "manifest"):
        try:
            read = Manifest.read(changed.decode(), "here")
        except (RunError, UnicodeDecodeError):
            continue
        assert read == sound  # white space between values
        silent += 1
    assert silent < 100


def test_a_line_that_a_full_disk_cut_short_costs_its_file_alone(run: Path, plan: Plan, whole: Path) -> None:
    """Killed between the file and the end of its line: the file is not trusted, and made again."""
    directory = RunDirectory(run)
    manifest = directory.read_manifest()
    assert manifest.files is not None
    lines = "".join(f"{digest}  {name}\n" for name, digest in manifest.files.items())
    content = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    for key in ("files", "digest"):
        del content[key]
    (run / "manifest.json").write_text(json.dumps(content), encoding="utf-8")
    (run / JOURNAL).write_text(lines[:-30], encoding="utf-8")
    last = list(manifest.files)[-1]
    with pytest.raises(RunError, match="the run did not note its digest"):
        directory.read_table(run / last)
    execute_plan(plan, directory, formats=("csv",))
    assert files_of(run) == files_of(whole)
    assert RunDirectory(run).read_manifest().files == manifest.files


def test_a_run_made_before_digests_were_kept_is_read_and_gets_them(run: Path, plan: Plan, whole: Path) -> None:
    content = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    del content["files"], content["digest"]
    (run / "manifest.json").write_text(json.dumps(content), encoding="utf-8")
    assert len(robustir.analyse(run).scores)
    execute_plan(plan, RunDirectory(run), formats=("csv",))
    assert RunDirectory(run).read_manifest().files == RunDirectory(whole).read_manifest().files
