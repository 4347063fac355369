"""Damage of a checkpoint is refused before torch reads it; a flipped bit of a tensor would be another weight."""

from __future__ import annotations

import random
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch

from robustir.errors import RunError
from robustir.training.checkpoints import CHECKPOINT, Progress, read_checkpoint, write_checkpoint

TABLE = torch.arange(600.0).reshape(200, 3)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    progress = Progress.fresh()
    progress.step = 7
    write_checkpoint(tmp_path / CHECKPOINT, "abc", progress, {"table": TABLE}, None, {"pieces": "a b"})
    return tmp_path / CHECKPOINT


def refused(path: Path) -> bool:
    told = f"{path} is damaged (its bytes are not those that were written); delete it to begin again"
    with pytest.raises(RunError, match=re.escape(told)):
        read_checkpoint(path, "abc")
    return True


def test_what_was_written_is_read_here_and_by_others(path: Path) -> None:
    found = read_checkpoint(path, "abc")
    assert found is not None
    assert (found.progress.step, found.kept) == (7, {"pieces": "a b"})
    assert torch.equal(found.trainee["table"], TABLE)
    assert torch.equal(torch.load(path, weights_only=True)["trainee"]["table"], TABLE)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.comment == path.read_bytes()[-64:]
    assert read_checkpoint(path.with_name("nothing"), "abc") is None
    with pytest.raises(RunError, match="another configuration"):
        read_checkpoint(path, "abd")


def test_a_flipped_bit_anywhere_is_noticed(path: Path) -> None:
    """Torch reads most of them without a word."""
    chance, sound, silent = random.Random(0), path.read_bytes(), 0
    inside = sound.index(TABLE.numpy().tobytes())
    places = [
        *(chance.randrange(len(sound)) for _ in range(150)),
        *(inside + chance.randrange(2_400) for _ in range(50)),
    ]
    for place in [*places, *range(len(sound) - 90, len(sound))]:
        changed = bytearray(sound)
        changed[place] ^= 1 << chance.randrange(8)
        path.write_bytes(changed)
        assert refused(path)
        if inside <= place < inside + 2_400:
            silent += not torch.equal(torch.load(path, weights_only=True)["trainee"]["table"], TABLE)
    assert silent >= 50


def test_a_file_cut_short_anywhere_is_noticed(path: Path) -> None:
    chance, sound = random.Random(1), path.read_bytes()
    for size in (0, 1, 63, 64, 65, len(sound) - 64, len(sound) - 1, *(chance.randrange(len(sound)) for _ in range(50))):
        path.write_bytes(sound[:size])
        assert refused(path)
    path.write_bytes(sound + b"0")
    assert refused(path)


def test_the_command_says_it_in_one_line(pairs_data: Path, tmp_path: Path) -> None:
    config = tmp_path / "tiny.toml"
    config.write_text(
        'name = "tiny"\nsampling = "x-x"\nsources = ["tatoeba", "flores", "qa"]\nlanguages = ["en", "de", "es"]\n'
        "parts = 0.3\nsteps = 3\nbatch = 16\n[model]\npieces = 130\ndimensions = 8\n"
    )
    command = [sys.executable, "-m", "robustir", "train", str(config), "-o", str(tmp_path / "run")]
    command += ["--data", str(pairs_data), "--seed", "0"]
    begun = subprocess.run(command, check=False, capture_output=True, text=True)
    assert begun.returncode == 0, begun.stderr
    (path,) = (tmp_path / "run").rglob(CHECKPOINT)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 8
    path.write_bytes(raw)
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert f"robustir: {path} is damaged (its bytes are not those that were written)" in done.stderr
    assert "Traceback" not in done.stderr
