"""The command line: one file per command, loaded when it is called.

Commands read options and print results; the work is done elsewhere.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from typing import Any

import click

from robustir.errors import RobustirError
from robustir.version import __version__

__all__ = ["main"]

# name -> the line shown by --help; the command itself lives in robustir/cli/<name>.py as ``command``.
COMMANDS = {
    "run": "Run a benchmark suite, analyse it and write the reports.",
    "plan": "Say what would run, what is there already, and what it costs; run nothing.",
    "resume": "Finish what is missing of a run, and only that.",
    "report": "Write the reports of a run again, or in other formats.",
    "show": "Show the results of a run in the terminal.",
    "scores": "Stream the per-query table or the rankings of a run.",
    "export": "Write the noisy queries of a suite or run for any search engine, whose rankings a run then scores.",
    "perturb": "Add noise to texts, one line in, one line out.",
    "encode": "Encode texts into a NumPy file.",
    "fetch": "Download the data of benchmarks, pinned and checked, or LASER's files; or take them from local files.",
    "list": "List perturbations, encoders, benchmarks, suites or measures.",
    "describe": "Show parameters, languages and examples of one of them.",
    "check": "Try the contract's laws on a perturbation or encoder.",
    "new": "Write a plugin package, ready to install and pass its tests.",
    "train": "Train an encoder on pairs of texts, by the samplings x-x, x-y or hybrid.",
    "lexicon": "Induce bilingual lexicons from parallel text, and measure them.",
    "mt-channel": "Estimate the noise of machine translation from real systems' output.",
    "calibrate": "Calibrate perturbations to equal realised doses, and measure them.",
    "cache": "Show or prune the store of vectors.",
    "doctor": "Say what is installed and what to do about the rest.",
}
_EPILOG = "Exit codes: 0 done; 1 a bug; 2 wrong input or usage; 3 done, but some cells failed; 4 a --fail-if bound is violated; 130 interrupted."


class _LazyGroup(click.Group):
    """A group that imports a command's module when the command is called; --help needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"robustir.cli.{cmd_name.replace('-', '_')}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_LazyGroup, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(__version__, prog_name="robustir")
def robustir() -> None:
    """The robustness benchmark for multilingual and cross-lingual dense retrieval.

    \b
    robustir run quickstart              the embedded collection, about a minute
    robustir list perturbations          what can be done to queries
    robustir describe typos              what it does, in each language
    """


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line and exit with the documented code."""
    try:
        code = robustir.main(args=arguments, prog_name="robustir", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except click.Abort:
        _fail("interrupted; what is done is kept, run the same command again to go on", 130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except KeyboardInterrupt:
        _fail("interrupted; what is done is kept, run the same command again to go on", 130)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output left (head, less): no message, as other filters do
        sys.exit(0)
    except RobustirError as error:
        _fail(str(error), error.exit_code)
    except Exception:  # noqa: BLE001 - the last resort shows the traceback and says that it is a bug
        traceback.print_exc()
        _fail("this is a bug in robustir; please report it with the lines above", 1)


def _fail(message: str, code: int) -> None:
    click.echo(f"robustir: {message}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
