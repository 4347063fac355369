"""A Hugging Face hub on loopback: enough of its protocol for the true client to download models from it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.servers import serving

__all__ = ["COMMIT", "Hub", "hub_server"]

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """models: the folder of each id; commits: where a model's branch ``main`` stands; asked: what was downloaded."""

    models: dict[str, Path] = field(default_factory=dict)
    commits: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            parts = self.path.lstrip("/").split("/")
            if parts == [""]:
                self.send_response(200)
                self.end_headers()
                return None
            model = "/".join(parts[:2])
            known = hub.models.get(model)
            commit = hub.commits.get(model, COMMIT)
            if known is None or parts[2] != "resolve":
                return self._refuse("RepoNotFound")
            if parts[3] not in {"main", commit}:
                return self._refuse("RevisionNotFound")
            path = known / "/".join(parts[4:])
            if not path.is_file():
                return self._refuse("EntryNotFound", commit)
            content = path.read_bytes()
            self.send_response(200)
            self.send_header("X-Repo-Commit", commit)
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if body:
                hub.asked.append(f"{model}/{path.name}")
                self.wfile.write(content)
            return None

        def _refuse(self, code: str, commit: str = "") -> None:
            self.send_response(404)
            self.send_header("X-Error-Code", code)
            if commit:
                self.send_header("X-Repo-Commit", commit)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:  # type: ignore[override]
            pass

    return Handler


@contextmanager
def hub_server() -> Iterator[Hub]:
    """Serve what is put into the Hub until the end of the block."""
    hub = Hub()
    with serving(_handler(hub)) as hub.url:
        yield hub
