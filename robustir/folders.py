"""Where data is looked for."""

from __future__ import annotations

import os
from pathlib import Path

from robustir.errors import DataError

__all__ = ["data_folder"]


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
