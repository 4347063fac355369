"""``robustir doctor``: every missing collection names the command that gets it, or where it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustir.cli.examination import examine


def remedies(data: Path | None) -> dict[str, str]:
    return {row["name"]: row["remedy"] for row in examine(data) if row["name"].startswith("data") and not row["ok"]}


def test_missing_collections_name_their_command(tmp_path: Path) -> None:
    (tmp_path / "xquad-r").mkdir()
    found = remedies(tmp_path)
    assert found["data tatoeba"] == f"get it with  robustir fetch tatoeba --data {tmp_path}"
    assert found["data flores"] == f"get it with  robustir fetch flores --data {tmp_path}"
    assert "data xquad-r" not in found
    assert {name for name, remedy in found.items() if "no command can download it" in remedy} == {
        "data hinglish-top", "data miracl", "data noiseqa", "data rocs-mt", "data wmt",
    }  # fmt: skip
    assert f"robustir fetch wmt --from DIR --data {tmp_path}" in found["data wmt"]
    assert "put the" not in " ".join(found.values())


def test_without_a_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch = "robustir fetch flores mlqa-r ntrex tatoeba xquad-r"
    (remedy,) = remedies(tmp_path / "nowhere").values()
    assert remedy.endswith(f"{fetch} --data {tmp_path / 'nowhere'}")
    monkeypatch.delenv("ROBUSTIR_DATA", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    (remedy,) = remedies(None).values()
    assert remedy.endswith(fetch)


@pytest.mark.parametrize(("has", "said"), [(True, "this CPU computes in it"), (False, "can only imitate it")])
def test_what_the_cpu_does_with_bfloat16(monkeypatch: pytest.MonkeyPatch, has: bool, said: str) -> None:
    import torch

    for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: has, raising=False)
    (row,) = [row for row in examine(None) if row["name"] == "bfloat16"]
    assert row["ok"]
    assert said in row["detail"]
