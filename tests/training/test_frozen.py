"""Frozen lower parts of a transformer: what stays, that nothing else changes by keeping their states, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from robustir.cli import main
from robustir.encoders.transformers.transformer import TransformerEncoder
from robustir.errors import InputError, SpecError
from robustir.training import trainer
from robustir.training.config import TrainingConfig, load_config
from robustir.training.trainer import train
from robustir.training.transformer import trainee as trainees
from robustir.training.transformer.frozen import FrozenPart
from robustir.training.transformer.needs import Needs
from tests.tiny_models import tiny_bert, tiny_distil
from tests.training import tiny_transformers
from tests.training.tiny_pairs import files
from tests.training.tiny_transformers import trainee, write_base

__all__ = ["tiny_bert", "tiny_distil"]

LOWER = ("embeddings.", "encoder.layer.0.", "encoder.layer.1.")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of three layers, with dropout, whose words are those of the pairs."""
    return write_base(tmp_path_factory.mktemp("models") / "base", layers=3)


def config(base: Path, **changes: Any) -> TrainingConfig:
    return tiny_transformers.config({"base": str(base), "freeze": ["embeddings", "layers:2"]}, changes, steps=6)


def test_what_is_frozen_stays_to_the_bit_and_the_rest_learns(base: Path, pairs_data: Path, tmp_path: Path) -> None:
    noise = [{"spec": "typos", "severity": 0.3, "share": 0.5}]
    train(config(base, robust={"queries": noise, "adversarial": 0.1}), pairs_data, tmp_path / "run")
    before, after = load_file(base / "model.safetensors"), load_file(tmp_path / "run" / "model.safetensors")
    for name in before:
        if name.startswith(LOWER):
            assert torch.equal(after[name], before[name]), name
    moved = {
        name for name in before if name.startswith("encoder.layer.2.") and not torch.equal(before[name], after[name])
    }
    assert len(moved) == 16  # weights and biases of six linear layers and two norms
    manifest = json.loads((tmp_path / "run" / "training.json").read_text())["encoder"]
    assert manifest["frozen"] == ["embeddings", "layers:2"]
    above = sum(tensor.numel() for name, tensor in before.items() if name.startswith("encoder.layer.2."))
    assert manifest["trained_parameters"] == above < manifest["parameters"]
    # Neither moments nor copies of what is frozen are kept in a checkpoint.
    saved = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)["trainee"]
    assert all(name.startswith("encoder.layer.2.") for name in saved["model"])
    assert len(saved["optimiser"]["state"]) == 16
    assert TransformerEncoder(str(tmp_path / "run")).encode(["river"], role="query").shape == (1, 32)


@pytest.mark.parametrize("freeze", [["embeddings"], ["embeddings", "layers:1"], ["embeddings", "layers:2"]])
@pytest.mark.parametrize("micro_batch", [8, 3])
def test_states_that_are_kept_give_the_loss_and_gradient_of_the_whole_model(
    base: Path, pairs_data: Path, freeze: list[str], micro_batch: int
) -> None:
    def taken(*, kept: bool) -> tuple[float, dict[str, Tensor]]:
        made, ready = trainee(config(base, model={"freeze": freeze, "micro_batch": micro_batch}), pairs_data)
        if not kept:
            made._frozen = None  # the whole model, as it runs
        batch = trainer.Sampler(ready.shelves, made._config).batch(0)
        loss = float("nan")
        for _ in range(2):  # the second time, states come from memory
            made.model.zero_grad()
            made._to_train()
            sides, _ = made._rows(0, batch)
            loss, parts, gradient = made._loss(0, sides)
            parts.backward(gradient)
        return loss, {name: each.grad for name, each in made.model.named_parameters() if each.grad is not None}

    (loss, kept), (expected, whole) = taken(kept=True), taken(kept=False)
    assert loss == pytest.approx(expected, rel=1e-6)
    assert set(kept) == set(whole)
    assert not any(name.startswith("embeddings.") for name in whole)
    assert len(whole) == 16 * (3 - (0 if freeze == ["embeddings"] else int(freeze[1][-1])))
    for name, gradient in whole.items():
        torch.testing.assert_close(kept[name], gradient, rtol=1e-4, atol=1e-7)
    assert max(float(gradient.abs().max()) for gradient in whole.values()) > 1e-3


def test_a_small_bound_drops_states_and_changes_no_byte(base: Path, pairs_data: Path, tmp_path: Path) -> None:
    train(config(base), pairs_data, tmp_path / "kept")
    train(config(base, model={"kept_states": 0}), pairs_data, tmp_path / "dropped")
    one, two = files(tmp_path / "kept"), files(tmp_path / "dropped")
    assert one["model.safetensors"] == two["model.safetensors"]
    assert one["log.jsonl"] == two["log.jsonl"]
    train(config(base), pairs_data, tmp_path / "left", stop_after=3)
    train(config(base), pairs_data, tmp_path / "left")  # begins without any state
    assert files(tmp_path / "left") == one


def test_the_least_recently_used_states_are_dropped(base: Path, pairs_data: Path) -> None:
    made, _ = trainee(config(base), pairs_data)
    rows = [made._tokenised([text], "query")[0] for text in ("river", "house", "dog")]
    size = 4 * 32 * len(rows[0].ids)  # float32
    assert {len(row.ids) for row in rows} == {len(rows[0].ids)}
    part = FrozenPart(made._body, 2, 2 * size, mixed=False)
    asked: list[int] = []
    computed = part._computed

    def counted(missing: dict[bytes, Any]) -> Any:
        asked.append(len(missing))
        return computed(missing)

    part._computed = counted  # type: ignore[method-assign]
    for chosen in ([0, 1], [0], [2], [0], [1], [1, 1]):
        part.vectors([rows[number] for number in chosen], "")
    assert asked == [2, 1, 1]  # 0 and 1; 2 in place of 1; 1 in place of 2
    assert part._bytes == 2 * size


def test_longer_texts_go_together_and_the_gradient_is_that_of_their_places(base: Path, pairs_data: Path) -> None:
    made, ready = trainee(config(base, model={"micro_batch": 3, "freeze": []}, robust={"gaussian": 0.5}), pairs_data)
    made.model.eval()
    batch = trainer.Sampler(ready.shelves, made._config).batch(0)
    sides, _ = made._rows(0, batch)
    short = [row._replace(ids=row.ids[: 3 + place]) for place, row in enumerate(sides[0])]
    assert len({len(row.ids) for row in short}) > 2
    seen: list[list[int]] = []
    whole = made._whole

    def noted(rows: list[Any], role: Any) -> Tensor:
        seen.append([len(row.ids) for row in rows])
        return whole(rows, role)

    made._whole = noted  # type: ignore[method-assign]
    loss, _, _ = made._loss(0, (short, sides[1]))
    lengths = [length for part in seen[:3] for length in part]
    assert lengths == sorted(lengths, reverse=True)
    made._micro_batch = 8
    assert made._loss(0, (short, sides[1]))[0] == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize(
    ("freeze", "message"),
    [
        (["layer:6"], r"'layer:6' is not a part of a model; choose \"embeddings\" and \"layers:N\""),
        (["pooler"], "'pooler' is not a part of a model"),
        (["layers:0"], "'layers:0' is not a part of a model"),
        (["layers:2"], 'give "embeddings", alone or with one "layers:N"'),
        (["embeddings", "layers:1", "layers:2"], 'give "embeddings", alone or with one "layers:N"'),
    ],
)
def test_parts_that_are_unknown(tmp_path: Path, pairs_data: Path, freeze: list[str], message: str, capsys: Any) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        'name = "a"\nsampling = "hybrid"\nsources = ["flores"]\n[model]\nkind = "transformer"\nbase = "b"\n'
        f"freeze = {json.dumps(freeze)}\n"
    )
    with pytest.raises(SpecError, match=message):
        load_config(path)
    with pytest.raises(SystemExit) as left:
        main(["train", str(path), "--data", str(pairs_data), "-o", str(tmp_path / "run")])
    assert left.value.code == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_bases_that_lack_what_is_to_be_frozen(base: Path, pairs_data: Path, tmp_path: Path, tiny_distil: Path) -> None:
    with pytest.raises(InputError, match=r"has 3 layers here, so nothing would be left to train; freeze at most 2"):
        train(config(base, model={"freeze": ["embeddings", "layers:3"]}), pairs_data, tmp_path / "all")
    with pytest.raises(InputError, match=r"has 2 layers here.*freeze at most 1"):
        train(config(base, model={"layer": 2}), pairs_data, tmp_path / "cut")
    with pytest.raises(InputError, match=r"embeddings and layers are found in bert, .*, not in distilbert"):
        train(config(tiny_distil, model={"freeze": ["embeddings"]}), pairs_data, tmp_path / "distil")
    scratch = {"base": None, "architecture": {"layers": 1, "dimensions": 16, "heads": 2, "pieces": 130}}
    with pytest.raises(ValueError, match="freeze belongs to a base"):
        config(base, model=scratch)


def test_memory_is_estimated_before_a_step_and_the_micro_batch_that_fits_is_named(
    base: Path, pairs_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = config(base, model={"micro_batch": 8, "freeze": []})
    needs = trainee(told, pairs_data)[0]._needs
    free = needs.fixed + 5 * needs.per_text
    monkeypatch.setattr(trainees, "free_memory", lambda device: free)
    with pytest.raises(InputError, match=r"micro_batch = 8 takes about .* GiB are free; set model.micro_batch = 5"):
        train(told, pairs_data, tmp_path / "run")
    assert not (tmp_path / "run" / "checkpoint.pt").exists()
    train(config(base, model={"micro_batch": 5, "freeze": []}), pairs_data, tmp_path / "run")
    monkeypatch.setattr(trainees, "free_memory", lambda device: needs.fixed)
    with pytest.raises(InputError, match="no micro_batch fits: freeze layers"):
        train(told, pairs_data, tmp_path / "none")


def test_what_a_training_needs() -> None:
    weight = torch.nn.Parameter(torch.randn(4, 4))

    def graph(texts: int) -> Tensor:
        """A product keeps its input and its weight, a square what it squares: 2 x 4 numbers per text."""
        return (torch.ones(texts, 4).requires_grad_() @ weight) ** 2

    needs = Needs.of(graph, [weight], texts=64, kept=7)
    assert needs.per_text == int(1.8 * 2 * 4 * 4)
    assert needs.fixed == 16 * 16 + 7
    assert [needs.graphs(size, twice=False) for size in (16, 31, 32, 64)] == [16, 31, 64, 64]
    assert needs.graphs(32, twice=True) == 32
    assert needs.check(16, 10**6) == needs.fixed + 16 * needs.per_text


def test_the_start_says_what_it_does(
    base: Path, pairs_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: False, raising=False)
    path = tmp_path / "config.toml"
    path.write_text(
        f'name = "a"\nsampling = "hybrid"\nsources = ["flores", "qa"]\nsteps = 2\nbatch = 8\nlanguages = ["en", "de"]\n[model]\n'
        f'kind = "transformer"\nbase = "{base}"\nmax_length = 24\nmicro_batch = 3\ndtype = "bfloat16"\n'
        'freeze = ["embeddings", "layers:2"]\n'
    )
    with pytest.raises(SystemExit) as left:
        main(["train", str(path), "--data", str(pairs_data), "-o", str(tmp_path / "run")])
    assert not left.value.code
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("robustir: a: 2 steps; 0.0 of 0.")
    assert "million parameters in float32 (this machine has no instructions for bfloat16)" in line
    assert "embeddings and layers:2 frozen; 8 pairs a step, gradients in parts of 3 texts; about 1.0 GiB" in line
    assert json.loads((tmp_path / "run" / "training.json").read_text())["encoder"]["precision"] == "float32"


def test_half_of_the_bits_learn_nearly_the_same(
    base: Path, pairs_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: True, raising=False)
    train(config(base), pairs_data, tmp_path / "whole")
    train(config(base, model={"dtype": "bfloat16"}), pairs_data, tmp_path / "half")
    train(config(base, model={"dtype": "bfloat16"}), pairs_data, tmp_path / "again")
    assert files(tmp_path / "half") == files(tmp_path / "again")
    losses = [
        np.array([json.loads(line)[5] for line in (tmp_path / name / "log.jsonl").read_text().splitlines()])
        for name in ("whole", "half")
    ]
    assert 0 < np.abs(losses[0] - losses[1]).max() < 0.02
    half = load_file(tmp_path / "half" / "model.safetensors")
    assert all(tensor.dtype == torch.float32 for tensor in half.values())
    assert json.loads((tmp_path / "half" / "training.json").read_text())["encoder"]["precision"] == "bfloat16, mixed"
