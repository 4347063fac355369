"""Web servers on this machine, for tests of downloads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

__all__ = ["allow_downloads", "serving"]

_OFFLINE = ("ROBUSTIR_OFFLINE", "HF_HUB_OFFLINE", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")


def allow_downloads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget whatever in the environment keeps a request from a server on this machine."""
    for name in _OFFLINE:
        monkeypatch.delenv(name, raising=False)


@contextmanager
def serving(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve on a free port until the end of the block; the address has no slash at its end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
