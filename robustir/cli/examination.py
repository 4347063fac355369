"""Examines an installation: packages, extras, plugins, fonts, accelerator, data."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from robustir.errors import RobustirError
from robustir.plugins.registry import KINDS, registered

__all__ = ["examine"]

# extra -> (module that shows it is there, what it is for)
_EXTRAS = {
    "attack": ("textattack", "TextAttack's transformations and searches"),
    "nlpaug": ("nlpaug", "nlpaug's augmenters as perturbations"),
    "laser": ("sacremoses", "LASER's tokenisation"),
    "lexicon": ("opencc", "building and measuring lexicons"),
    "train": ("sentencepiece", "training static encoders"),
    "ir-datasets": ("ir_datasets", "the collections of ir_datasets"),
    "cluster": ("ray", "worker processes on a Ray cluster"),
}


def _row(name: str, detail: str, *, ok: bool = True, remedy: str = "") -> dict[str, Any]:
    return {"name": name, "ok": ok, "detail": detail, "remedy": remedy}


def examine(data: Path | None) -> list[dict[str, Any]]:
    """Return a row per thing examined: name, ok, detail, remedy."""
    return [*_base(), *_extras(), *_plugins(), _accelerator(), *_fonts(), *_data(data)]


def _base() -> Iterator[dict[str, Any]]:
    yield _row("python", sys.version.partition(" ")[0])
    for name in ("robustir", "torch", "transformers", "typst", "pyarrow", "lmdb", "bm25s"):
        try:
            yield _row(name, version(name))
        except PackageNotFoundError:
            if name == "robustir":
                yield _row(name, "runs from an uninstalled checkout", remedy="pip install -e .")
            else:
                yield _row(name, "not installed", ok=False, remedy=f"pip install {name}")


def _extras() -> Iterator[dict[str, Any]]:
    for extra, (module, purpose) in _EXTRAS.items():
        there = find_spec(module) is not None
        yield _row(f"extra {extra}", purpose, ok=there, remedy=f"pip install 'robustir[{extra}]'")
    yield _row("extra faiss", "not yet: search is exact, and nothing uses faiss in this version")


def _plugins() -> Iterator[dict[str, Any]]:
    for kind in KINDS:
        entries = registered(kind).values()
        broken = []
        for entry in entries:
            try:
                entry.load()
            except RobustirError as error:
                broken.append(str(error))
        foreign = sorted({entry.package for entry in entries} - {"robustir"})
        detail = f"{len(entries)} registered" + (f", also from {', '.join(foreign)}" if foreign else "")
        yield _row(f"{kind}s", detail if not broken else "; ".join(broken), ok=not broken)


def _accelerator() -> dict[str, Any]:
    import torch

    if torch.cuda.is_available():
        return _row("cuda", torch.cuda.get_device_name(0))
    return _row("cuda", "no GPU is seen: encoders run on the CPU")


def _fonts() -> Iterator[dict[str, Any]]:
    from robustir.kit.catalogue import SAMPLES
    from robustir.reports.renderers.fonts import missing_glyphs

    missing = missing_glyphs("".join(SAMPLES.values()))
    yield _row(
        "fonts for PDF",
        "every script of the built-in languages" if not missing else "; ".join(missing),
        ok=not missing,
        remedy="install the packages named",
    )


def _data(data: Path | None) -> Iterator[dict[str, Any]]:
    from robustir.disk.folders import data_folder

    try:
        folder = data_folder(data)
    except RobustirError as error:
        yield _row("data", str(error), ok=False, remedy="the mini collection needs none")
        return
    if folder is None:
        yield _row(
            "data",
            "no data folder; only the embedded mini collection can run",
            ok=False,
            remedy="give --data DIR or set ROBUSTIR_DATA",
        )
        return
    for entry in registered("benchmark").values():
        name = getattr(entry.load(), "folder", None)
        if name:
            there = (folder / name).is_dir()
            yield _row(
                f"data {entry.name}",
                str(folder / name),
                ok=there,
                remedy=f"put the benchmark's files into {folder / name}",
            )
