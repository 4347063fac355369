"""Where the models of noise come from: folders, the hub's cache, and a hub on loopback."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub.constants as constants
import pytest

from robustir.disk import hub
from robustir.errors import DataError, InputError
from robustir.perturbations.shared.model_files import ModelFiles
from tests.hub_server import COMMIT, Hub, hub_server

NEEDED = ("config.json", "source.spm")


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """A hub with one model, and an empty cache."""
    folder = tmp_path / "model"
    folder.mkdir()
    for name in (*NEEDED, "extra.json", "pytorch_model.bin"):
        (folder / name).write_text(f"what {name} holds")
    with hub_server() as served:
        served.models["org/model"] = folder
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        point_at(monkeypatch, served.url)
        yield served
    hub.hub_unreachable.cache_clear()


def point_at(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", url)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", f"{url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    )
    monkeypatch.setattr(
        "huggingface_hub.file_download.HUGGINGFACE_CO_URL_TEMPLATE", constants.HUGGINGFACE_CO_URL_TEMPLATE
    )
    hub.hub_unreachable.cache_clear()


def model(name: str = "org/model", revision: str | None = None) -> ModelFiles:
    return ModelFiles(name, revision, NEEDED, ("extra.json", "none.json"))


@pytest.mark.parametrize("revision", [None, "main", COMMIT])
def test_a_model_of_the_hub_is_downloaded_once(
    served: Hub, monkeypatch: pytest.MonkeyPatch, revision: str | None
) -> None:
    files = model(revision=revision)
    assert files.here is None
    assert files.identity == f"commit={COMMIT}"
    assert served.asked == ["org/model/config.json"]  # what tells models apart costs no weights
    folder = files.folder
    assert folder.name == COMMIT
    wanted = {*NEEDED, "extra.json", "pytorch_model.bin"}
    assert {path.name: path.read_text() for path in folder.iterdir()} == {name: f"what {name} holds" for name in wanted}
    point_at(monkeypatch, "http://127.0.0.1:9")  # nothing listens there
    again = model(revision=revision)
    assert again.here == again.folder == folder
    assert len(served.asked) == len(wanted)


def test_a_commit_that_moves_on_is_another_model(served: Hub) -> None:
    pinned, first = model(revision=COMMIT), model()
    assert first.identity == pinned.identity
    served.commits["org/model"] = "f" * 40
    assert model().identity == f"commit={'f' * 40}"
    assert model(revision=COMMIT).identity == pinned.identity


def test_what_the_hub_cannot_give_is_said(served: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="'org/other' is neither a folder here nor a model that can be downloaded"):
        _ = model("org/other").identity
    with pytest.raises(InputError, match="neither a folder here nor a model that can be downloaded"):
        _ = model(revision="v9").folder
    (served.models["org/model"] / "source.spm").unlink()
    with pytest.raises(InputError, match=r"'org/model' on the hub has no source\.spm"):
        _ = model().folder
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    hub.hub_unreachable.cache_clear()
    with pytest.raises(InputError, match="HF_HUB_OFFLINE is set"):
        _ = model("org/other").folder


def test_a_model_without_weights(served: Hub) -> None:
    (served.models["org/model"] / "pytorch_model.bin").unlink()
    with pytest.raises(InputError, match=r"none of model\.safetensors, pytorch_model\.bin"):
        _ = model().folder


def test_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    with pytest.raises(DataError, match=r"the model folder .* has no config\.json"):
        _ = model(str(folder)).folder
    for name in NEEDED:
        (folder / name).write_text("a")
    with pytest.raises(DataError, match=r"has no model\.safetensors or pytorch_model\.bin"):
        _ = model(str(folder)).identity
    assert model(str(folder)).here is None
    (folder / "pytorch_model.bin").write_text("b")
    assert model(str(folder)).here == model(str(folder)).folder == folder
    parts = b"config.json\x001\x00asource.spm\x001\x00apytorch_model.bin\x001\x00b"
    assert model(str(folder)).identity == hashlib.sha256(parts).hexdigest()[:32]
    with pytest.raises(DataError, match="no config"):
        _ = model("/nowhere/at/all").folder
