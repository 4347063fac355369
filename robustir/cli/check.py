"""``robustir check``: the conformance kit."""

from __future__ import annotations

import json

import click

from robustir.cli.options import json_option
from robustir.cli.progress import ProgressBars


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
                [{"name": law.name, "passed": law.passed, "detail": law.detail} for law in laws],
                indent=2,
                ensure_ascii=False,
            )
        )
    else:
        for law in laws:
            click.echo(
                f"{'ok    ' if law.passed else 'BROKEN'}  {law.name}"
                + (f"\n          {law.detail}" if law.detail else "")
            )
    broken = sum(not law.passed for law in laws)
    if not as_json:
        click.echo(f"{name}: {len(laws) - broken} laws kept, {broken} broken")
    return 2 if broken else 0
