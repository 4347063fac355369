"""The files of benchmarks at pinned revisions: ``sources/NAME.tsv`` holds path, URL, sha256 and size of each."""

from __future__ import annotations

from importlib.resources import files

from robustir.disk.download import Remote

__all__ = ["pinned"]


def pinned(name: str) -> tuple[Remote, ...]:
    """Return the files of a benchmark; paths are relative to the data folder. sha256 and size may be missing."""
    text = (files("robustir.benchmarks") / "sources" / f"{name}.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines()[1:]]
    return tuple(Remote(url, path, sha256, int(size) if size else None) for path, url, sha256, size in rows)
