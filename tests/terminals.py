"""Commands in a pseudo-terminal of a given width, as a user sees them."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True)
class Screen:
    """What came out: the exit code, everything the terminal got, and what a pipe at stdout got."""

    code: int
    seen: str
    piped: str = ""

    @property
    def plain(self) -> str:
        """The terminal's text without escape sequences."""
        return _ESCAPES.sub("", self.seen).replace("\r\n", "\n")

    @property
    def lines(self) -> list[str]:
        """The lines of the terminal's text; a bar drawn anew counts as another line."""
        return [part for line in self.plain.split("\n") for part in line.split("\r")]


def in_terminal(*arguments: object, columns: int, pipe_stdout: bool = False, code: str = "") -> Screen:
    """Run ``robustir ARGUMENTS`` (or Python ``code``) on a terminal; ``pipe_stdout``: only stderr is the terminal."""
    main, own = pty.openpty()
    fcntl.ioctl(own, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES", "NO_COLOR"}}
    environment |= {"TERM": "xterm-256color", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code] if code else [sys.executable, "-m", "robustir", *map(str, arguments)]
    sink = tempfile.TemporaryFile()  # noqa: SIM115 - closed below; a pipe that nobody reads meanwhile would fill up
    process = subprocess.Popen(
        command,
        stdin=own,
        stdout=sink if pipe_stdout else own,
        stderr=own,
        env=environment,
        cwd=ROOT,
    )
    os.close(own)
    seen = bytearray()
    while True:
        try:
            part = os.read(main, 65_536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        seen += part
    os.close(main)
    code_left = process.wait(timeout=60)
    with sink:
        sink.seek(0)
        return Screen(code_left, seen.decode(), sink.read().decode())
