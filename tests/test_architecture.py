"""The table of rooms in docs/architecture.md is the docstrings of the packages, and every package is in the build."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

from robustir.version import __version__

TOP = ("robustir", "perturbations", "benchmarks", "reports")
ROW = re.compile(r"^\| `([^`]+)` \| (.+) \|$", re.MULTILINE)


def purpose(path: Path, *, whole: bool) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring, f"{path} has no docstring"
    return " ".join((docstring if whole else docstring.split("\n\n")[0]).split())


def packages(root: Path) -> list[str]:
    """Every package below the four folders, reached without their links inside robustir/."""
    linked = {root / "robustir" / name for name in TOP}
    found = [path.parent for top in TOP for path in (root / top).rglob("__init__.py")]
    return sorted(folder.relative_to(root).as_posix() for folder in found if not linked & {folder, *folder.parents})


def rooms(root: Path) -> dict[str, str]:
    return dict(ROW.findall((root / "docs" / "architecture.md").read_text(encoding="utf-8")))


def test_the_table_of_rooms_is_what_the_packages_say(root: Path) -> None:
    expected = {
        f"{folder}/": purpose(root / folder / "__init__.py", whole=True)
        for folder in packages(root)
        if folder != "robustir"
    }
    modules = [path for path in (root / "robustir").glob("*.py") if not path.name.startswith("__")]
    expected |= {f"robustir/{path.name}": purpose(path, whole=False) for path in modules}
    assert rooms(root) == expected


def test_each_room_says_what_it_is_for_in_two_sentences(root: Path) -> None:
    for name, text in rooms(root).items():
        if name.endswith("/"):
            assert len(re.findall(r"[.](?=\s|$)", text)) == 2, f"{name}: {text}"


def test_every_package_is_built(root: Path) -> None:
    with (root / "pyproject.toml").open("rb") as file:
        built = tomllib.load(file)["tool"]["setuptools"]["packages"]
    names = [folder.replace("/", ".") for folder in packages(root)]
    assert sorted(built) == sorted(name if name.startswith("robustir") else f"robustir.{name}" for name in names)


def test_the_citation_names_this_version(root: Path) -> None:
    assert f"\nversion: {__version__}\n" in (root / "CITATION.cff").read_text(encoding="utf-8")


# Functions whose body is longer than a screen, each with the reason.
LONG = {
    "robustir/analysis/contrasts.py: add_contrasts": "one call that names the columns of a table, one a line",
    "robustir/analysis/strategies.py: add_comparison": "one call that names the columns of a table, one a line",
    "robustir/comparing/joined.py: _joined": "picks every array of two runs by the same indices",
}
SCREEN = 40


def long_functions(root: Path) -> set[str]:
    """Functions whose body, the docstring left out, has more lines than a screen."""
    found = set()
    linked = {root / "robustir" / name for name in TOP}
    for path in (path for top in TOP for path in (root / top).rglob("*.py") if not linked & set(path.parents)):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                if body and (body[-1].end_lineno or 0) - body[0].lineno + 1 > SCREEN:
                    found.add(f"{path.relative_to(root).as_posix()}: {node.name}")
    return found


def test_a_function_fits_a_screen_or_says_why_not(root: Path) -> None:
    assert long_functions(root) == set(LONG)
