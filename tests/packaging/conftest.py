"""A fresh environment with the wheel of this checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.packaging.wheels import build, run


@pytest.fixture(scope="session")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel built from a clean copy of the tracked files."""
    source = tmp_path_factory.mktemp("source")
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    for name in filter(None, tracked):
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (root / name).is_symlink():
            target.symlink_to((root / name).readlink())
        elif (root / name).exists():
            shutil.copy2(root / name, target)
    return build(source)


@pytest.fixture(scope="session")
def python(wheel: Path, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel and the plugin package; dependencies come from the environment of the tests."""
    folder = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    made = folder / "bin" / "python"
    site = Path(
        subprocess.run(
            [made, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    )
    # A .pth line makes dependencies importable without adding this checkout's own editable install (its finder is in a .pth).
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    plugin = folder / "plugin"
    shutil.copytree(root / "tests" / "plugin_package", plugin)
    for what in (wheel, build(plugin)):
        done = run(made, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", what, cwd=folder)
        assert done.returncode == 0, done.stderr
    return made
