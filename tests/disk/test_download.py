"""Downloads against a server on this machine that breaks off, lies and refuses."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from robustir.disk import download
from robustir.disk.download import Remote, fetch, sha256_of
from robustir.errors import DataError
from tests.servers import allow_downloads, serving

CONTENT = bytes(range(256)) * 4096  # 1 MiB
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Site:
    url: str = ""
    ranges: list[str | None] = field(default_factory=list)  # of every request, in order
    break_after: list[int] = field(default_factory=list)  # bytes sent before the connection is cut, per request
    ignore_range: bool = False
    tag: str = ""  # the ETag that the server sends
    ignore_if_range: bool = False
    conditions: list[str | None] = field(default_factory=list)  # If-Range of every request
    failing: list[int] = field(default_factory=list)  # status codes of the first requests


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    known = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            known.ranges.append(asked)
            known.conditions.append(self.headers.get("If-Range"))
            if known.conditions[-1] not in (None, known.tag) and not known.ignore_if_range:
                asked = None  # another version now: all of it
            if known.failing:
                self.send_error(known.failing.pop(0))
                return
            if not self.path.startswith("/file"):
                self.send_error(404)
                return
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and not known.ignore_range else 0
            if start > len(CONTENT):
                self.send_error(416)
                return
            body = CONTENT[start:]
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body)))
            if known.tag:
                self.send_header("ETag", known.tag)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
            self.end_headers()
            if known.break_after:
                body = body[: known.break_after.pop(0)]
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:  # type: ignore[override]
            pass

    allow_downloads(monkeypatch)
    monkeypatch.setattr(download.time, "sleep", lambda seconds: None)
    with serving(Handler) as url:
        known.url = f"{url}/file.bin"
        yield known


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob(".*"))


def test_whole_file_and_then_nothing(site: Site, tmp_path: Path) -> None:
    remote = Remote(site.url, "deep/er/file.bin", DIGEST, len(CONTENT))
    seen: list[tuple[int, int | None]] = []
    assert fetch(remote, tmp_path, progress=lambda done, total: seen.append((done, total))) == "downloaded"
    assert (tmp_path / "deep/er/file.bin").read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert fetch(remote, tmp_path) == "there"
    assert len(site.ranges) == 1
    assert leftovers(tmp_path) == []


def test_broken_connections_go_on_where_they_stopped(site: Site, tmp_path: Path) -> None:
    site.break_after = [1000, 5000]
    assert fetch(Remote(site.url, "file.bin", DIGEST), tmp_path) == "downloaded"
    assert (tmp_path / "file.bin").read_bytes() == CONTENT
    assert site.ranges == [None, "bytes=1000-", "bytes=6000-"]


def test_an_interrupted_command_is_resumed_by_the_next(site: Site, tmp_path: Path) -> None:
    remote = Remote(site.url, "file.bin", DIGEST)
    site.break_after = [10, 10, 10, 10]
    with pytest.raises(DataError, match=r"connection broke.*40 bytes are kept.*--from"):
        fetch(remote, tmp_path)
    assert not (tmp_path / "file.bin").exists()
    assert fetch(remote, tmp_path) == "downloaded"
    assert site.ranges[-1] == "bytes=40-"
    assert sha256_of(tmp_path / "file.bin") == DIGEST


def test_a_server_without_ranges_sends_all_again(site: Site, tmp_path: Path) -> None:
    site.break_after, site.ignore_range = [1000], True
    fetch(Remote(site.url, "file.bin", DIGEST), tmp_path)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_a_partial_file_that_does_not_fit_is_thrown_away(site: Site, tmp_path: Path) -> None:
    (tmp_path / ".file.bin.part").write_bytes(CONTENT + b"more")
    fetch(Remote(site.url, "file.bin", DIGEST), tmp_path)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT
    assert leftovers(tmp_path) == []


def test_without_a_checksum_nothing_is_pieced_together(site: Site, tmp_path: Path) -> None:
    (tmp_path / ".file.bin.part").write_bytes(b"of another version")
    site.break_after = [1000]
    fetch(Remote(site.url, "file.bin"), tmp_path)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT
    assert site.ranges == [None, None]


@pytest.mark.parametrize("careless", [False, True])
def test_without_a_checksum_a_version_that_the_server_names_is_continued(
    site: Site, tmp_path: Path, *, careless: bool
) -> None:
    remote = Remote(site.url, "file.bin")
    site.tag, site.break_after = '"one"', [10, 10, 10, 10]
    with pytest.raises(DataError, match=r"connection broke.*40 bytes are kept"):
        fetch(remote, tmp_path)
    assert fetch(remote, tmp_path) == "downloaded"
    assert (site.ranges[-1], site.conditions[-1]) == ("bytes=40-", '"one"')
    assert (tmp_path / "file.bin").read_bytes() == CONTENT
    assert leftovers(tmp_path) == []
    # Another version by then: none of the old bytes stay, whether or not the server looks at If-Range.
    site.ignore_if_range = careless
    (tmp_path / ".other.bin.part").write_bytes(b"x" * 40)
    (tmp_path / ".other.bin.part.etag").write_text('"zero"')
    assert fetch(Remote(site.url, "other.bin"), tmp_path) == "downloaded"
    assert (tmp_path / "other.bin").read_bytes() == CONTENT
    assert leftovers(tmp_path) == []


def test_a_weak_tag_promises_nothing(site: Site, tmp_path: Path) -> None:
    site.tag, site.break_after = 'W/"one"', [1000]
    fetch(Remote(site.url, "file.bin"), tmp_path)
    assert site.ranges == [None, None]


def test_wrong_content_never_gets_its_name(site: Site, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"its sha256 is {DIGEST}, expected 0+ \(1,048,576 bytes, expected 7\)"):
        fetch(Remote(site.url, "file.bin", "0" * 64, 7), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_changed_file_is_fetched_again(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file.bin").write_bytes(b"damaged")
    assert fetch(Remote(site.url, "file.bin", DIGEST), tmp_path) == "downloaded"
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_refusals(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match=r"the server answered 404 .*--from"):
        fetch(Remote(site.url.replace("file", "gone"), "file.bin", DIGEST), tmp_path)
    assert len(site.ranges) == 1  # what is not there is asked for once
    site.failing = [503]
    assert fetch(Remote(site.url, "file.bin", DIGEST), tmp_path) == "downloaded"
    with pytest.raises(DataError, match=r"cannot be downloaded \(.*refused\).*--from"):
        fetch(Remote("http://127.0.0.1:9/file.bin", "other.bin", DIGEST), tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(DataError, match="forbids downloads"):
        fetch(Remote(site.url, "other.bin", DIGEST), tmp_path)


def test_local_sources(site: Site, tmp_path: Path) -> None:
    remote = Remote(site.url, "mine/here.bin", DIGEST)
    (tmp_path / "usb").mkdir()
    with pytest.raises(DataError, match=r"usb holds no mine/here.bin \(or file.bin\)"):
        fetch(remote, tmp_path / "data", sources=[tmp_path / "usb"])
    (tmp_path / "usb" / "file.bin").write_bytes(CONTENT[:-1])
    with pytest.raises(DataError, match=r"usb/file.bin is not the pinned file"):
        fetch(remote, tmp_path / "data", sources=[tmp_path / "usb"])
    (tmp_path / "usb" / "file.bin").write_bytes(CONTENT)
    for source in (tmp_path / "usb", tmp_path / "usb" / "file.bin"):
        assert fetch(remote, tmp_path / source.name, sources=[source]) == "copied"
        assert (tmp_path / source.name / "mine/here.bin").read_bytes() == CONTENT
    assert site.ranges == []
