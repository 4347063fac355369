"""``robustir check``: the conformance kit."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from robustir.cli.options import json_option
from robustir.cli.progress import ProgressBars

if TYPE_CHECKING:
    from robustir.kit.check import Law


@click.command(name="check")
@click.argument("spec")
@json_option
def command(spec: str, as_json: bool) -> int:
    """Test the contract's laws on the perturbation or encoder SPEC (or kind:SPEC), in every language it claims.

    Exits 2 if a law is broken.
    """
    from robustir.kit.catalogue import find
    from robustir.kit.check import check

    kind, name = find(spec)
    with ProgressBars() as bars:

        def begin(tried: int, every: int) -> None:
            if tried:
                bars.step()
            else:
                bars.stage(f"check {name}", every, "laws")

        bars.stage(f"load {name}", 1)
        laws = check(kind, name, begin)
    if as_json:
        click.echo(
            json.dumps(
                [asdict(law) for law in laws],
                indent=2,
                ensure_ascii=False,
            )
        )
    else:
        for law in laws:
            click.echo(f"{_outcome(law)}  {law.name}" + (f"\n          {law.detail}" if law.detail else ""))
    broken = sum(not law.passed for law in laws)
    if not as_json:
        untried = sum(not law.tried for law in laws)
        also = f", {untried} not tried" if untried else ""
        click.echo(f"{name}: {len(laws) - broken - untried} laws kept, {broken} broken{also}")
    return 2 if broken else 0


def _outcome(law: Law) -> str:
    if not law.tried:
        return "-     "
    return "ok    " if law.passed else "BROKEN"
