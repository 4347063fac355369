"""The folder of data."""

from __future__ import annotations

import os
from pathlib import Path

from robustir.errors import DataError

__all__ = ["cache_folder", "data_folder", "download_folder", "use_data_folder"]


def data_folder(given: Path | str | None = None) -> Path | None:
    """Return the folder of benchmarks: ``given``, else $ROBUSTIR_DATA, else the user's data folder if it exists."""
    import platformdirs

    named = given or os.environ.get("ROBUSTIR_DATA")
    if named:
        path = Path(named)
        if not path.is_dir():
            raise DataError(f"the data folder {path} does not exist; give another with --data or ROBUSTIR_DATA")
        return path
    fallback = Path(platformdirs.user_data_dir("robustir"))
    return fallback if fallback.is_dir() else None


def download_folder(given: Path | str | None = None) -> Path:
    """Return the folder for downloads: ``given``, else $ROBUSTIR_DATA, else the user's data folder; it need not exist."""
    import platformdirs

    return Path(given or os.environ.get("ROBUSTIR_DATA") or platformdirs.user_data_dir("robustir"))


def use_data_folder(given: Path | str | None = None) -> Path | None:
    """Return :func:`data_folder`; a given one is set as $ROBUSTIR_DATA, for recorded noise and worker processes."""
    folder = data_folder(given)
    if given is not None and folder is not None:
        os.environ["ROBUSTIR_DATA"] = str(folder.absolute())
    return folder


def cache_folder() -> Path:
    """Return $ROBUSTIR_CACHE, else robustir's folder in the user's cache; what is in it can be made again."""
    import platformdirs

    return Path(
        os.environ.get("ROBUSTIR_CACHE") or platformdirs.user_cache_dir("robustir", appauthor=False)
    ).expanduser()
