"""``robustir new``: a plugin package that installs and passes its tests."""

from __future__ import annotations

import re
from pathlib import Path

import click

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@click.command(name="new")
@click.argument("kind", type=click.Choice(["perturbation", "encoder"]))
@click.argument("name")
def command(kind: str, name: str) -> None:
    """Write the package folder robustir-NAME with a small working example, ready to install and pass its tests."""
    from robustir.cli.scaffolds import scaffold
    from robustir.errors import SpecError
    from robustir.plugins.registry import KINDS, registered

    if not _NAME.fullmatch(name):
        raise SpecError(f"{name!r} is no name: use lower-case letters, digits and single hyphens, such as  slow-typing")
    taken = [known for known in KINDS if name in registered(known)]
    if taken:
        raise SpecError(
            f"there is a {taken[0]} called {name!r} already (robustir describe {name}); choose another name"
        )
    folder = Path(f"robustir-{name}")
    if folder.exists():
        raise SpecError(f"{folder} exists already; choose another name or remove it")
    for path, text in scaffold(kind, name).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    click.echo(f"{folder} is written. Next:\n  cd {folder}\n  pip install -e '.[test]'\n  pytest")
    click.echo(
        f"  robustir check {kind}:{name}\nThen put your own rules into src/{folder.name.replace('-', '_')}/__init__.py"
    )
