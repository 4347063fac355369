"""``robustir fetch`` from local files and from a server on this machine, and the pinned lists against the real data."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from robustir.benchmarks.flores import Flores
from robustir.benchmarks.pinned import pinned
from robustir.benchmarks.tatoeba import Tatoeba
from robustir.cli.fetch import command
from robustir.disk.download import Remote, sha256_of
from robustir.disk.fetching import order
from robustir.encoders.laser import files as laser_files
from robustir.encoders.laser.encoders import Laser2
from robustir.errors import DataError, NotApplicableError, RobustirError
from robustir.languages import normalise
from robustir.plugins.registry import create
from tests.servers import allow_downloads, serving


def run(*arguments: object) -> str:
    result = CliRunner().invoke(command, [str(part) for part in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def refused(*arguments: object) -> str:
    with pytest.raises(RobustirError) as raised:
        CliRunner().invoke(command, [str(part) for part in arguments], catch_exceptions=False)
    return str(raised.value)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:  # type: ignore[override]
        pass


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Path]]:
    allow_downloads(monkeypatch)
    (tmp_path / "site").mkdir()
    with serving(partial(Quiet, directory=str(tmp_path / "site"))) as url:
        yield url, tmp_path / "site"


def test_download_shows_the_licence_first(
    site: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, folder = site
    for name in ("deu", "eng"):
        (folder / name).write_text(name, encoding="utf-8")
    files = tuple(
        Remote(f"{url}/{name}", f"tatoeba-v1/tatoeba.deu-eng.{name}", sha256_of(folder / name), 3)
        for name in ("deu", "eng")
    )
    monkeypatch.setattr(Tatoeba, "files", lambda self: files)
    output = run("tatoeba", "--data", tmp_path / "data")
    assert output.index("licence CC-BY-2.0-FR") < output.index("2 downloaded")
    assert "2 files, 0.0 MB into" in output
    assert (tmp_path / "data/tatoeba-v1/tatoeba.deu-eng.deu").read_text(encoding="utf-8") == "deu"
    assert "2 there" in run("tatoeba", "--data", tmp_path / "data")


@pytest.mark.data
def test_local_files_under_either_name(data: Path, tmp_path: Path) -> None:
    assert "23 copied" in run("ntrex", "--from", data, "--data", tmp_path)
    upstream = tmp_path / "upstream"
    upstream.mkdir()
    for remote in pinned("ntrex"):
        (upstream / remote.upstream_name).write_bytes((data / remote.path).read_bytes())
    assert "23 copied" in run("ntrex", "--from", upstream, "--data", tmp_path / "again")
    assert sha256_of(tmp_path / "again/ntrex/de.txt") == sha256_of(data / "ntrex/de.txt")


@pytest.mark.data
@pytest.mark.parametrize(("name", "files"), [("tatoeba", 224), ("ntrex", 23), ("xquad-r", 11)])
def test_pinned_files_are_those_of_the_data(data: Path, name: str, files: int) -> None:
    remotes = pinned(name)
    assert len(remotes) == files
    for remote in remotes:
        path = data / remote.path
        assert (sha256_of(path), path.stat().st_size) == (remote.sha256, remote.size), remote.path
        revision = remote.url.split("/")[5]
        assert len(revision) == 40
        assert remote.url.startswith("https://raw.githubusercontent.com/")


def test_flores_is_downloaded_and_looked_into(
    site: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, folder = site
    text = "".join(f"line {number}\n" for number in range(1012))
    for name in ("eng_Latn", "deu_Latn"):
        (folder / f"{name}.devtest").write_text(text, encoding="utf-8")
    known = sha256_of(folder / "eng_Latn.devtest")
    files = (
        Remote(f"{url}/eng_Latn.devtest", "flores/devtest/en.txt", known, len(text)),
        Remote(f"{url}/deu_Latn.devtest", "flores/devtest/de.txt"),
    )
    monkeypatch.setattr(Flores, "files", lambda self: files)
    output = run("flores", "--data", tmp_path / "data")
    assert output.index("flores: licence CC-BY-SA-4.0") < output.index("2 downloaded")
    assert "1 of them have no known checksum: they must hold 1,012 lines" in output
    assert set(Flores().load(tmp_path / "data").queries.langs) == {"de", "en"}
    (folder / "deu_Latn.devtest").write_text("<html>\n", encoding="utf-8")
    assert "de.txt has 1 lines, but FLORES devtest has 1,012" in refused("flores", "--data", tmp_path / "other")
    assert not (tmp_path / "other/flores/devtest/de.txt").exists()


@pytest.mark.data
def test_flores_from_local_files(data: Path, tmp_path: Path) -> None:
    """A folder in our layout is taken whole, whatever its edition; upstream's names are known too."""
    assert "42 copied" in run("flores", "--from", data, "--data", tmp_path / "data")
    assert sha256_of(tmp_path / "data/flores/dev/de.txt") == sha256_of(data / "flores/dev/de.txt")
    known = {Path(remote.path).stem: remote for remote in pinned("flores") if remote.sha256}
    assert set(known) == {"ar", "en", "hi", "zh"}
    for remote in known.values():
        path = data / "natural/flores-variants" / f"{Path(remote.upstream_name).stem}.txt"
        assert (sha256_of(path), path.stat().st_size) == (remote.sha256, remote.size)
        assert len(remote.url.split("/")[5]) == 40
    assert sorted(Path(remote.path).stem for remote in pinned("flores")) == sorted(Flores.languages)
    assert [normalise(Path(remote.upstream_name).stem) for remote in pinned("flores")] == [
        Path(remote.path).stem for remote in pinned("flores")
    ]


@pytest.mark.parametrize(
    ("name", "source"), [("wmt", "firefox-translations"), ("noiseqa", "noiseQA"), ("miracl", "miracl-corpus")]
)
def test_what_no_command_downloads_says_where_it_is(name: str, source: str, tmp_path: Path) -> None:
    benchmark: Any = create("benchmark", name)
    for data in (None, tmp_path):
        with pytest.raises(
            DataError, match=rf"no command can download it: get it from .*{source}.* robustir fetch {name} --from DIR"
        ):
            benchmark.load(data)


def test_what_is_downloaded_names_the_command(tmp_path: Path) -> None:
    for name in ("tatoeba", "ntrex", "xquad-r", "mlqa-r", "flores"):
        with pytest.raises(DataError, match=rf"get it with  robustir fetch {name} --data {tmp_path}$"):
            create("benchmark", name).load(tmp_path)


@pytest.fixture
def laser(tmp_path: Path) -> Path:
    """LASER's files in small, as released."""
    for package in ("sacremoses", "sentencepiece"):
        pytest.importorskip(package, reason="needs the extra laser")
    from tests.encoders import laser_reference

    (tmp_path / "released").mkdir()
    laser_reference.make_laser2(tmp_path / "released")
    laser_reference.make_laser3(tmp_path / "released", "hin_Deva")
    return tmp_path / "released"


def test_laser_is_looked_into_and_recorded(
    site: tuple[str, Path], laser: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, folder = site
    for path in laser.iterdir():
        shutil.copy(path, folder / path.name)
    monkeypatch.setattr(laser_files, "_URL", url)
    data = tmp_path / "data"
    output = run("laser", "--data", data)
    assert output.index("laser2: licence BSD") < output.index("3 downloaded")
    assert "3 of them have no known checksum: their content is checked, and its checksum recorded" in output
    sums = (data / "laser" / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    assert sums == [f"{sha256_of(laser / name)}  {name}" for name in ("laser2.cvocab", "laser2.pt", "laser2.spm")]
    assert "1 downloaded, 2 there" in run("laser3('hi')", "--data", data)
    assert np.isfinite(Laser2(str(data / "laser")).encode(["nil"], role="query")).all()
    # What was recorded is held to; what is no such file goes again, whatever its name.
    (data / "laser" / "laser2.cvocab").write_text("other 1\n", encoding="utf-8")
    assert "has changed since its download" in refused("laser", "--data", data)
    (folder / "laser2.spm").write_bytes(b"an error page")
    assert "laser2.spm is not a SentencePiece model" in refused("laser2", "--data", tmp_path / "other")
    assert not (tmp_path / "other" / "laser" / "laser2.spm").exists()
    assert "name a language" in refused("laser3", "--data", data)


def test_laser_from_local_files(laser: Path, tmp_path: Path) -> None:
    assert "3 copied" in run("laser", "--from", laser, "--data", tmp_path / "data")
    assert sha256_of(tmp_path / "data/laser/laser2.pt") == sha256_of(laser / "laser2.pt")
    (laser / "laser2.pt").write_bytes(b"nothing")
    assert "laser2.pt" in refused("laser", "--from", laser, "--data", tmp_path / "again")
    assert "'hashing' is not a known benchmark" in refused("hashing", "--data", tmp_path)


def test_without_an_address(tmp_path: Path) -> None:
    class Plain:
        name, folder, licence, source = "plain", "plain", "CC0", "somewhere"

    with pytest.raises(NotApplicableError, match=r"get it from somewhere .* holds plain/ with --from"):
        order(Plain(), [])
    nothing: Any = Plain()
    wanted = order(nothing, [tmp_path])
    with pytest.raises(DataError, match="holds no folder plain/"):
        wanted.carry_out(tmp_path / "data", [tmp_path], lambda: None)
    (tmp_path / "plain" / "deep").mkdir(parents=True)
    (tmp_path / "plain" / "deep" / "x.txt").write_text("x", encoding="utf-8")
    assert wanted.carry_out(tmp_path / "data", [tmp_path], lambda: None) == {"copied": 1}
    assert (tmp_path / "data" / "plain" / "deep" / "x.txt").read_text(encoding="utf-8") == "x"
    Plain.folder = None  # type: ignore[assignment]
    with pytest.raises(NotApplicableError, match="needs no download"):
        order(Plain(), [])


def test_the_bytes_that_come_add_up_to_the_size(tmp_path: Path) -> None:
    class Sized:
        name, folder, licence, source = "sized", "sized", "CC0", "somewhere"

        def files(self) -> list[Remote]:
            return [Remote(f"http://localhost:9/{name}", f"sized/{name}", size=len(name)) for name in ("abc", "de")]

    sized: Any = Sized()
    for name in ("abc", "de"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    wanted = order(sized, [tmp_path])
    came: list[int] = []
    assert wanted.carry_out(tmp_path / "data", [tmp_path], lambda: None, came.append) == {"copied": 2}
    assert came == [3, 2]
    assert wanted.size == 5
