from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from robustir.disk import hub
from robustir.encoders.transformers.transformer import TransformerEncoder
from robustir.errors import InputError

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """An empty cache, and nothing remembered of whether the hub answers."""
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    hub.hub_unreachable.cache_clear()
    yield
    hub.hub_unreachable.cache_clear()


def fill(folder: Path, model: str, source: Path, *, absent: tuple[str, ...] = ()) -> None:
    """Lay a model into the hub's cache as the client does, on the branch main."""
    repository = folder / "hub" / f"models--{model.replace('/', '--')}"
    snapshot = repository / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    for path in source.iterdir():
        if path.is_file():
            (snapshot / path.name).write_bytes(path.read_bytes())
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    for name in absent:
        (repository / ".no_exist" / COMMIT).mkdir(parents=True, exist_ok=True)
        (repository / ".no_exist" / COMMIT / name).touch()


def go_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)


def lose_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    # Nothing listens on the discard port of this machine.
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")


@pytest.mark.parametrize("revision", [None, COMMIT])
def test_offline_is_respected(monkeypatch: pytest.MonkeyPatch, revision: str | None) -> None:
    go_offline(monkeypatch)
    with pytest.raises(InputError, match=r"neither a folder here nor a model.*HF_HUB_OFFLINE is set"):
        _ = TransformerEncoder("robustir-tests/does-not-exist", revision=revision).revision


def test_an_unreachable_hub_is_given_up_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    lose_the_network(monkeypatch)
    begin = time.perf_counter()
    with pytest.raises(InputError, match="does not answer: "):
        _ = TransformerEncoder("robustir-tests/does-not-exist").revision
    assert time.perf_counter() - begin < 10  # the client's own retries took 23 seconds


@pytest.mark.parametrize("cut", [go_offline, lose_the_network])
@pytest.mark.parametrize("revision", [None, "main", COMMIT])
def test_a_cached_model_needs_no_network(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: Any, revision: str | None
) -> None:
    fill(tmp_path, "org/tiny", tiny_bert, absent=("modules.json",))
    cut(monkeypatch)
    encoder = TransformerEncoder("org/tiny", revision=revision, device="cpu")
    assert f"commit={COMMIT}" in encoder.revision
    assert encoder.name == "org/tiny"
    expected = TransformerEncoder(str(tiny_bert), device="cpu").encode(["the nile"], role="query")
    assert (encoder.encode(["the nile"], role="query") == expected).all()


def test_a_guess_at_the_layout_is_not_made(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, "org/tiny", tiny_bert)
    go_offline(monkeypatch)
    with pytest.raises(InputError, match=r"modules\.json is not in its cache"):
        _ = TransformerEncoder("org/tiny").revision
    assert COMMIT in TransformerEncoder("org/tiny", "mean").revision


def test_names_that_cannot_be_on_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    go_offline(monkeypatch)
    with pytest.raises(InputError, match="neither a folder here nor a model"):
        _ = TransformerEncoder("org/--bad--name", "mean").revision
