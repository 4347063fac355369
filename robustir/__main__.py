"""The command ``robustir``, also as ``python -m robustir``: hears Ctrl-C from its first moment to its last.

Nothing is imported before that but what Python has loaded already: imports take most of a short command's time, and an
interrupt that falls into one may be swallowed by the module that is being imported, or become an error of its.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Any, NoReturn

__all__ = ["main"]

_MESSAGE = "robustir: interrupted; finished work is kept, run the same command again to continue\n"
_IMPORTING = "<frozen importlib"


def main() -> NoReturn:
    """Run the command line; an interrupt ends it with one line and exit code 130, whatever is going on."""
    # A shell's background job ignores interrupts, and so do we then.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupted)
        sys.unraisablehook = _not_raised
    from robustir.cli import main as run

    code = 1
    try:
        run()
    except SystemExit as leave:
        code = leave.code if isinstance(leave.code, int) else 0
    if signal.getsignal(signal.SIGINT) is _interrupted:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is written: only Python's own end is left to interrupt
    sys.exit(code)


def _interrupted(_signal: int, frame: FrameType | None) -> None:
    while frame is not None:
        if frame.f_code.co_filename.startswith(_IMPORTING):
            _leave()
        frame = frame.f_back
    raise KeyboardInterrupt


def _not_raised(what: Any) -> None:
    """Leave if an interrupt fell into code that cannot raise, such as a finaliser."""
    if what.exc_type is KeyboardInterrupt:
        _leave()
    sys.__unraisablehook__(what)


def _leave() -> NoReturn:
    """End this process and its workers now: files appear whole or not at all, so nothing has to be tidied."""
    if "multiprocessing" in sys.modules:
        for child in sys.modules["multiprocessing"].active_children():
            child.terminate()
    if os.isatty(2):
        os.write(2, b"\r\x1b[2K\x1b[?25h")  # a bar leaves its line, and the cursor comes back
    os.write(2, _MESSAGE.encode())
    os._exit(130)


if __name__ == "__main__":
    main()
