"""``robustir new``: a plugin package that installs and passes its tests."""

from __future__ import annotations

import re
from pathlib import Path

import click

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@click.command(name="new")
@click.argument("kind", type=click.Choice(["perturbation", "encoder", "suite"]))
@click.argument("name")
def command(kind: str, name: str) -> None:
    """Write a small working example to start from.

    A perturbation or an encoder is the package folder robustir-NAME, ready to install and pass its tests; a suite is the
    file NAME.toml, ready to run, with every key explained.
    """
    from robustir.errors import SpecError

    if not _NAME.fullmatch(name):
        raise SpecError(
            f"{name!r} is not a valid name: use lower-case letters, digits and single hyphens, such as  slow-typing"
        )
    if kind == "suite":
        _write_suite(name)
    else:
        _write_package(kind, name)


def _write_suite(name: str) -> None:
    from robustir.cli.scaffolds import suite_scaffold
    from robustir.disk.atomic import write_text_atomically
    from robustir.errors import SpecError
    from robustir.planning.suite import suite_names

    path = Path(f"{name}.toml")
    if name in suite_names():
        raise SpecError(f"robustir has a suite {name!r} already; choose another name")
    if path.exists():
        raise SpecError(f"{path} exists already; choose another name or remove it")
    write_text_atomically(path, suite_scaffold(name))
    click.echo(f"{path} is ready to run. Next:\n  robustir describe {path}\n  robustir run {path}")
    click.echo("Then put your collections, encoders and noise into it; docs/suites.md explains every key.")


def _write_package(kind: str, name: str) -> None:
    from robustir.cli.scaffolds import scaffold
    from robustir.disk.atomic import write_text_atomically
    from robustir.errors import SpecError
    from robustir.plugins.registry import KINDS, registered

    taken = [known for known in KINDS if name in registered(known)]
    if taken:
        raise SpecError(f"{name!r} is a {taken[0]} already (robustir describe {name}); choose another name")
    folder = Path(f"robustir-{name}")
    if folder.exists():
        raise SpecError(f"{folder} exists already; choose another name or remove it")
    for path, text in scaffold(kind, name).items():
        target = folder / path
        write_text_atomically(target, text)
    click.echo(f"{folder} is written. Next:\n  cd {folder}\n  pip install -e '.[test]'\n  pytest")
    click.echo(
        f"  robustir check {kind}:{name}\nThen put your own rules into src/{folder.name.replace('-', '_')}/__init__.py"
    )
