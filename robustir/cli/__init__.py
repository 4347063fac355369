"""The command line: one file per command, loaded when it is called.

Commands read options and print results; the work is done elsewhere.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import NoReturn

import click

from robustir.cli.confirming import Confirmed
from robustir.cli.leaving import debugging, exit_code_of, finish_output, prepare_output, show_traceback
from robustir.plugins.code import guarded
from robustir.version import __version__

__all__ = ["main"]

# name -> the line shown by --help; the command itself lives in robustir/cli/<name>.py as ``command``.
COMMANDS = {
    "run": "Run a benchmark suite, analyse it and write the reports.",
    "plan": "Say what would run, what is done already, and what the rest costs; run nothing.",
    "resume": "Run the missing cells of a run.",
    "report": "Write the reports of a run again, or in other formats.",
    "show": "Show the results of a run in the terminal.",
    "compare": "Compare runs of the same queries with a baseline, or two encoders of a run: better, worse, equivalent, not told.",
    "scores": "Stream the per-query table or the rankings of a run.",
    "export": "Write the noisy queries of a suite or run for any search engine, whose rankings a run then scores.",
    "perturb": "Add noise to texts, one line in, one line out.",
    "encode": "Encode texts into a NumPy file.",
    "fetch": "Download the data of benchmarks, pinned and checked, or LASER's files; or take them from local files.",
    "list": "List perturbations, encoders, benchmarks, suites or measures.",
    "describe": "Show parameters, languages and examples of one of them.",
    "check": "Try the contract's laws on a perturbation, encoder or benchmark.",
    "new": "Write a plugin package, ready to install and pass its tests.",
    "train": "Train an encoder on pairs of texts, by the samplings x-x, x-y or hybrid.",
    "lexicon": "Induce bilingual lexicons from parallel text, and measure them.",
    "mt-channel": "Estimate the noise of machine translation from real systems' output.",
    "asr": "Find the words that a speech recogniser takes for each other.",
    "chat": "Count how forum writers write, for the perturbation chat.",
    "naturalness": "Compare the noise of perturbations with errors that people made.",
    "calibrate": "Calibrate perturbations to equal realised doses, and measure them.",
    "cache": "Show or prune the store of vectors.",
    "doctor": "Say what is installed and how to install the rest.",
}
_EPILOG = (
    "Exit codes: 0 done; 1 a bug; 2 wrong input or usage; 3 done, but some cells failed; 4 a --fail-if bound is violated; "
    "130 interrupted (129 and 143: by SIGHUP, SIGTERM); 141 the reader of the output closed it."
)


class _LazyGroup(click.Group):
    """A group that imports a command's module when the command is called; --help needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS]  # not list(): robustir.cli.list, once imported, has that name in this module

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"robustir.cli.{cmd_name.replace('-', '_')}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items()])


@click.group(
    cls=_LazyGroup, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(__version__, prog_name="robustir")
@click.option(
    "--debug", is_flag=True, help="Show the tracebacks of errors and of failed cells: robustir --debug run ..."
)
def robustir(*, debug: bool) -> None:
    """The robustness benchmark for multilingual and cross-lingual dense retrieval.

    \b
    robustir run quickstart              the embedded collection, about a minute
    robustir list perturbations          what can be done to queries
    robustir describe typos              what it does, in each language
    """


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit with the documented code."""
    prepare_output()
    try:
        code = _run(sys.argv[1:] if arguments is None else [*arguments])
        finish_output()
    except BaseException as error:  # noqa: BLE001 - the one place where a command ends, also by an interrupt
        code = exit_code_of(error)
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    """Call the command, without click's own ``main``, whose exit codes for interrupts and closed pipes differ."""
    if "_ROBUSTIR_COMPLETE" in os.environ:  # a shell asks for completions
        robustir.main(arguments, prog_name="robustir")
    confirmed = Confirmed(arguments)
    with guarded(confirmed), robustir.make_context("robustir", arguments, obj=confirmed) as context:
        try:
            code = robustir.invoke(context)
        except Exception as error:
            if debugging():
                show_traceback(error)
            raise
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    main()
