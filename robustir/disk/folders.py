"""Where data is looked for."""

from __future__ import annotations

import os
from pathlib import Path

from robustir.errors import DataError

__all__ = ["data_folder", "download_folder", "use_data_folder"]


def data_folder(given: Path | str | None = None) -> Path | None:
    """Return where benchmarks are: the folder given, else $ROBUSTIR_DATA, else the user's data folder if it exists."""
    import platformdirs

    named = given or os.environ.get("ROBUSTIR_DATA")
    if named:
        path = Path(named)
        if not path.is_dir():
            raise DataError(f"there is no data folder {path}; give an existing one with --data or ROBUSTIR_DATA")
        return path
    fallback = Path(platformdirs.user_data_dir("robustir"))
    return fallback if fallback.is_dir() else None


def download_folder(given: Path | str | None = None) -> Path:
    """Return where data is put: the folder given, else $ROBUSTIR_DATA, else the user's data folder; it need not exist."""
    import platformdirs

    return Path(given or os.environ.get("ROBUSTIR_DATA") or platformdirs.user_data_dir("robustir"))


def use_data_folder(given: Path | str | None = None) -> Path | None:
    """Return :func:`data_folder`, and make a given one known to recorded noise and to worker processes ($ROBUSTIR_DATA)."""
    folder = data_folder(given)
    if given is not None and folder is not None:
        os.environ["ROBUSTIR_DATA"] = str(folder.absolute())
    return folder
