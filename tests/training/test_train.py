from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from robustir.cli import main
from robustir.disk.locks import locked
from robustir.encoders.static import StaticEncoder
from robustir.errors import DataError, RunError, SpecError, TrainingError
from robustir.resources.lexicons.correspondence import check_correspondence
from robustir.training import trainer
from robustir.training.config import TrainingConfig, find_config, load_config
from robustir.training.data.sampling import Sampler
from robustir.training.data.sentences import answering_sentences
from robustir.training.data.shelves import Shelf, read_pairs
from robustir.training.robust import QueryNoise
from robustir.training.trainer import train
from tests.training.tiny_pairs import NOUNS, SETTINGS, files


def config(**changes: object) -> TrainingConfig:
    given: dict[str, object] = {
        **SETTINGS,
        "steps": 30,
        "batch": 24,
        "checkpoint_every": 10,
        "model": {"pieces": 130, "dimensions": 16, "start": "svd"},
    }
    return TrainingConfig.model_validate({**given, **changes})


def test_the_same_seed_gives_the_same_bytes_interrupted_or_not(pairs_data: Path, tmp_path: Path) -> None:
    noise = [{"spec": "typos", "severity": 0.3, "share": 0.5}]
    told = config(robust={"queries": noise, "gaussian": 0.1, "adversarial": 0.05}, validate_every=7)
    train(told, pairs_data, tmp_path / "one")
    train(told, pairs_data, tmp_path / "two")
    assert train(told, pairs_data, tmp_path / "three", stop_after=13).steps == 13
    train(told, pairs_data, tmp_path / "three")
    assert files(tmp_path / "one") == files(tmp_path / "two") == files(tmp_path / "three")
    train(told.model_copy(update={"seed": 1}), pairs_data, tmp_path / "four")
    assert files(tmp_path / "one")["log.jsonl"] != files(tmp_path / "four")["log.jsonl"]


def test_the_best_validated_state_is_written(pairs_data: Path, tmp_path: Path) -> None:
    # Far too fast: the loss of the held-out pairs soon rises, and patience ends the training.
    optimiser = {"learning_rate": 0.3, "warm_up": 0, "last_rate": 1.0}
    told = config(steps=300, validate_every=5, patience=3, optimiser=optimiser, sampling="x-y")
    outcome = train(told, pairs_data, tmp_path / "run")
    manifest = json.loads((tmp_path / "run" / "training.json").read_text())
    best, losses = outcome.written, [loss for _, loss in manifest["validation"]]
    assert outcome.steps == best + 3 * 5 < 300
    assert best == manifest["written_step"] == 5 * (1 + losses.index(min(losses)))
    train(told, pairs_data, tmp_path / "best", stop_after=best)
    saved = torch.load(tmp_path / "best" / "checkpoint.pt", weights_only=True)["trainee"]
    written = load_file(tmp_path / "run" / "0_StaticEmbedding" / "model.safetensors")["embedding.weight"]
    assert torch.equal(written, saved["vectors"] * saved["log_weights"].exp()[:, None])
    card = (tmp_path / "run" / "README.md").read_text()
    assert f"the state after step {best}, the best of {len(losses)} validations" in card
    # Interrupted after the best state: it is in the checkpoint.
    train(told, pairs_data, tmp_path / "resumed", stop_after=best + 7)
    train(told, pairs_data, tmp_path / "resumed")
    assert files(tmp_path / "run") == files(tmp_path / "resumed")


def test_several_arms_equal_single_ones(pairs_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "tiny.toml"
    path.write_text(
        'name = "tiny"\nsampling = "hybrid"\nsources = ["tatoeba", "flores", "qa"]\nlanguages = ["en", "de", "es"]\nparts = 0.3\n'
        "steps = 5\nbatch = 16\n[model]\npieces = 130\ndimensions = 8\n"
    )
    options = ["--data", str(pairs_data), "--seed", "0", "--seed", "1", "--sampling", "x-x", "--sampling", "x-y"]
    with pytest.raises(SystemExit) as exit_code:
        main(["train", str(path), "-o", str(tmp_path / "all"), *options])
    assert exit_code.value.code == 0
    assert {place.name for place in (tmp_path / "all").iterdir()} == {"x-x-0", "x-x-1", "x-y-0", "x-y-1"}
    train(load_config(path, seed=1, sampling="x-y"), pairs_data, tmp_path / "one")
    assert files(tmp_path / "one") == files(tmp_path / "all" / "x-y-1")


def test_translations_come_to_lie_together(pairs_data: Path, tmp_path: Path) -> None:
    outcome = train(
        config(steps=150, sampling="x-y", model={"pieces": 130, "dimensions": 16}), pairs_data, tmp_path / "xy"
    )
    assert set(outcome.losses) == {"x-y"}
    encoder = StaticEncoder(str(tmp_path / "xy"))
    english, german = (encoder.encode([noun[lang] for noun in NOUNS], role="query") for lang in (0, 1))
    assert ((english @ german.T).argmax(axis=1) == np.arange(8)).mean() >= 0.75
    packed = StaticEncoder(str(tmp_path / "xy" / "packed")).encode(["dog"], role="query")
    assert float((packed * encoder.encode(["dog"], role="query")).sum()) > 0.999


def test_the_manifest_counts_pairs_by_source_kind_and_language(pairs_data: Path, tmp_path: Path) -> None:
    train(config(), pairs_data, tmp_path / "run")
    manifest = json.loads((tmp_path / "run" / "training.json").read_text())
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert sum(entry["pairs"] for entry in manifest["drawn"]) == 24 * 30
    assert {entry["kind"] for entry in manifest["drawn"]} == {"x-x", "x-y"}
    assert all((entry["left"] == entry["right"]) == (entry["kind"] == "x-x") for entry in manifest["drawn"])
    assert [entry[0] for entry in log] == list(range(1, 31))
    assert manifest["dropped_for_test_sets"] == {"tatoeba": 1}
    assert "hybrid, a batch is monolingual with probability 0.5" in (tmp_path / "run" / "README.md").read_text()


@pytest.mark.parametrize("source", ["neighbours", "contexts"])
def test_samplings_differ_in_the_languages_alone(pairs_data: Path, source: str) -> None:
    shelves = read_pairs(pairs_data, [source], ["en", "de", "es"], longest=400).shelves
    samplers = {
        kind: Sampler(shelves, config(sources=[source], parts=0.0, sampling=kind)) for kind in ("x-x", "x-y", "hybrid")
    }
    item_of = {
        number: item
        for shelf in shelves
        for lang in shelf.langs
        for item, number in enumerate(shelf.left[lang])
    }  # fmt: skip
    kinds = []
    for step in range(60):
        one, other, both = (samplers[kind].batch(step) for kind in ("x-x", "x-y", "hybrid"))
        items = [[item_of[int(number)] for number in batch.left] for batch in (one, other, both)]
        assert items[0] == items[1] == items[2]
        assert one.langs[0] == one.langs[1]
        assert other.langs[0] != other.langs[1]
        assert both.langs in (one.langs, other.langs)
        kinds.append(both.kind)
    assert 15 <= kinds.count("x-x") <= 45


def test_what_is_shared_enters_every_sampling_alike(pairs_data: Path, tmp_path: Path) -> None:
    told = {"sources": ["contexts", "qa"], "shared": {"qa": 1}, "mixed": 3, "parts": 0.0}
    arms = {kind: config(sampling=kind, **told) for kind in ("x-x", "x-y", "hybrid")}
    pairs = read_pairs(pairs_data, ["contexts", "qa"], ["en", "de", "es"], longest=400)
    samplers = {kind: Sampler(pairs.shelves, one) for kind, one in arms.items()}
    for step in range(30):
        batches = [sampler.batch(step) for sampler in samplers.values()]
        for batch in batches:
            assert [draw.source for draw in batch.draws] == ["qa", "contexts", "contexts"]
            assert batch.draws[0].kind == "x-x"
            assert {draw.kind for draw in batch.draws[1:]} == {batch.kind}
            assert batch.left[:8].tolist() == batches[0].left[:8].tolist()
            assert batch.right[:8].tolist() == batches[0].right[:8].tolist()
    train(arms["x-y"], pairs_data, tmp_path / "run")
    drawn = json.loads((tmp_path / "run" / "training.json").read_text())["drawn"]
    assert {(entry["source"], entry["kind"]) for entry in drawn} == {("qa", "x-x"), ("contexts", "x-y")}
    with pytest.raises(ValueError, match="must be below mixed"):
        config(sources=["contexts", "qa"], shared={"qa": 1})
    with pytest.raises(ValueError, match="'qa' is not among"):
        config(sources=["contexts"], shared={"qa": 1}, mixed=3)


def test_the_study_draws_languages_evenly(pairs_data: Path) -> None:
    shelves = read_pairs(pairs_data, ["neighbours"], ["en", "de", "es"], longest=400).shelves
    sampler = Sampler(shelves, config(sources=["neighbours"], parts=0.0, sampling="x-y"))
    drawn = [sampler.batch(step).langs for step in range(600)]
    for one in ("en", "de", "es"):
        for other in {"en", "de", "es"} - {one}:
            assert 60 <= drawn.count((one, other)) <= 145


def test_uniform_choice_draws_small_sets_of_languages_less_often() -> None:
    large = Shelf("flores", ("en", "de"), *({"en": list(range(400)), "de": list(range(400))},) * 2, whole=True)
    small = Shelf("flores", ("en", "es"), *({"en": [400, 401], "es": [402, 403]},) * 2, whole=True)
    twin = Shelf("tatoeba", ("en", "el"), *({"en": list(range(50)), "el": list(range(50))},) * 2, whole=True)
    sampler = Sampler([large, small, twin], config(sampling="x-y", batch=20))
    sizes = [len(sampler.batch(step).left) for step in range(420)]
    langs = [set(sampler.batch(step).langs) for step in range(420)]
    assert 8 <= sizes.count(2) <= 40  # a tenth as often as the others
    assert 150 <= langs.count({"en", "de"}) <= 250
    assert 150 <= langs.count({"en", "el"}) <= 250


def test_what_cannot_be_trained_is_said(pairs_data: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"x-y pairs, and qa have none"):
        train(config(sources=["qa"]), pairs_data, tmp_path / "a")
    with pytest.raises(DataError, match=r"needs x-x pairs.*set parts above 0"):
        train(config(sources=["flores"], parts=0.0), pairs_data, tmp_path / "b")
    with pytest.raises(DataError, match=r"no x-x or x-y pairs in th, el: tatoeba, flores, qa have none that sampling"):
        train(config(languages=["en", "th", "de", "el", "es"]), pairs_data, tmp_path / "f")
    with pytest.raises(DataError, match=r"no x-x pairs in de: qa, tatoeba have none .* sampling 'x-x'"):
        train(
            config(sources=["qa", "tatoeba"], languages=["en", "de"], parts=0.0, sampling="x-x"),
            pairs_data,
            tmp_path / "g",
        )
    with pytest.raises(DataError, match="source 'mkqa' has no pairs"):
        train(config(sources=["mkqa"]), pairs_data, tmp_path / "c")
    with pytest.raises(DataError, match="validate_every is set, but nothing can be held out"):
        train(
            config(sources=["flores"], sampling="x-x", languages=["en"], validate_every=5), pairs_data, tmp_path / "e"
        )
    train(config(steps=2), pairs_data, tmp_path / "d")
    with pytest.raises(RunError, match="another configuration"):
        train(config(steps=3), pairs_data, tmp_path / "d")


def test_a_loss_that_is_no_number_keeps_the_last_checkpoint(
    pairs_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = config()
    train(told, pairs_data, tmp_path / "run", stop_after=10)
    before = (tmp_path / "run" / "checkpoint.pt").read_bytes()
    monkeypatch.setattr(trainer, "_rate", lambda config, step: float("inf"))
    with pytest.raises(TrainingError, match=r"step 1[12] .* is not a number.*checkpoint\.pt"):
        train(told, pairs_data, tmp_path / "run")
    assert (tmp_path / "run" / "checkpoint.pt").read_bytes() == before


def test_lines_that_do_not_correspond_are_refused() -> None:
    words = ["word " * (1 + number * 7 % 13) + str(1000 + number) for number in range(60)]
    check_correspondence(list(zip(words, words, strict=True)), "here")
    with pytest.raises(DataError, match=r"here: the lines do not correspond .*same ones"):
        check_correspondence(list(pairwise(words)), "here")
    plain = [word.rpartition(" ")[0] for word in words]
    with pytest.raises(DataError, match="correlate with"):
        check_correspondence(list(zip(plain, plain[3:], strict=False)), "here")


def test_languages_of_a_configuration_have_one_code() -> None:
    assert config(languages=["eng", "zh-CN", "en"]).languages == ("en", "zh")


def test_a_configuration_is_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "config.toml"
    path.write_text('name = "a"\nsampling = "x-z"\nsources = ["qa"]\nstepps = 3\n')
    with pytest.raises(SpecError, match=r"sampling: input should be .*stepps: extra inputs are not permitted"):
        load_config(path)
    path.write_text("name = ")
    with pytest.raises(SystemExit) as exit_code:
        main(["train", str(path), "-o", str(tmp_path / "out")])
    assert exit_code.value.code == 2
    assert "not a TOML file" in capsys.readouterr().err
    with pytest.raises(SpecError, match="'nothing' is not a training configuration"):
        find_config(Path("nothing"))


def test_a_mixed_batch_holds_several_draws_and_counts_each(pairs_data: Path, tmp_path: Path) -> None:
    told = config(mixed=4, sampling="x-y")
    sampler = Sampler(read_pairs(pairs_data, told.sources, told.languages, longest=400).shelves, told)
    batches = [sampler.batch(step) for step in range(30)]
    assert {len(batch.left) for batch in batches} == {24}
    assert all(sum(draw.size for draw in batch.draws) == 24 for batch in batches)
    assert max(len({draw.langs for draw in batch.draws}) for batch in batches) >= 3
    train(told, pairs_data, tmp_path / "one")
    train(told, pairs_data, tmp_path / "two", stop_after=11)
    train(told, pairs_data, tmp_path / "two")
    assert files(tmp_path / "one") == files(tmp_path / "two")
    drawn = json.loads((tmp_path / "one" / "training.json").read_text())["drawn"]
    assert sum(entry["pairs"] for entry in drawn) == 30 * 24
    assert {entry["source"] for entry in drawn} == {"tatoeba", "flores"}
    assert all(entry["tokens"][1] >= entry["pairs"] for entry in drawn)


def test_the_sentence_that_answers_is_the_one_that_shares_most() -> None:
    passage = "The bridge was built in 1903 by J. Smith. It spans the river! Boats pass below it."
    pairs = [("who built the bridge?", passage), ("which boats pass?", passage), ("does it span the river", passage)]
    sentences = ["The bridge was built in 1903 by J. Smith.", "Boats pass below it.", "It spans the river!"]
    assert answering_sentences([*pairs, ("qqq", passage)], "en") == [*sentences, passage]
    assert answering_sentences([("桥是谁建的？", "这座桥很长。桥是史密斯在一九零三年建的。")], "zh") == [
        "桥是史密斯在一九零三年建的。"
    ]
    assert answering_sentences([], "en") == []


def test_query_noise_meets_every_language_of_a_mixed_batch(pairs_data: Path) -> None:
    told = config(mixed=4, sampling="x-y", robust={"queries": [{"spec": "typos", "severity": 1.0, "share": 1.0}]})
    pairs = read_pairs(pairs_data, told.sources, told.languages, longest=400)
    sampler = Sampler(pairs.shelves, told)
    noise = QueryNoise(told, pairs.texts, sampler)
    for step in range(5):
        batch = sampler.batch(step)
        texts, named = noise(step, batch)
        assert texts is not None
        assert named == "typos"
        changed = [text != pairs.texts[row] for text, row in zip(texts, batch.left, strict=True)]
        ends = np.cumsum([draw.size for draw in batch.draws])
        assert all(any(part) for part in np.split(np.array(changed), ends[:-1]))


def test_contexts_are_a_sentence_and_the_two_that_hold_it(pairs_data: Path) -> None:
    pairs = read_pairs(pairs_data, ["contexts"], ["en", "de", "es"], longest=400)
    sides = []
    for shelf in pairs.shelves:
        assert not shelf.whole
        for lang in shelf.langs:
            rows = zip(shelf.left[lang], shelf.right[lang], strict=True)
            for sentence, passage in ((pairs.texts[left], pairs.texts[right]) for left, right in rows):
                assert sentence in passage
                assert len(passage) > len(sentence)
                sides.append(passage.startswith(sentence))
    assert 0 < sum(sides) < len(sides)


def test_every_part_of_a_training_is_told(pairs_data: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    said: list[str] = []

    class Bars:
        def stage(self, name: str, total: int, unit: str = "") -> None:
            told.append((name, total, 0))

        def step(self, amount: int = 1) -> None:
            name, total, done = told[-1]
            told[-1] = (name, total, done + amount)

        def say(self, text: str) -> None:
            said.append(text)

    train(config(steps=7), pairs_data, tmp_path / "run", Bars())
    assert [name.split(",")[0] for name, _, _ in told] == [
        "read pairs of texts",
        "learn or read pieces",
        "make the encoder to start from",
        f"train {config().name}",
        "write the encoder",
    ]
    assert told[3][1:] == (7, 7)
    (line,) = said
    assert line.startswith(f"{config().name}: 7 steps; a table of ")


def test_a_second_training_into_the_folder_is_refused(pairs_data: Path, tmp_path: Path) -> None:
    """flock belongs to an open file, so that even this process is refused a second one."""
    with locked(tmp_path / "out"), pytest.raises(RunError, match=r"out is in use by another process.*-o"):
        train(config(), pairs_data, tmp_path / "out")
    assert not (tmp_path / "out" / "log.jsonl").exists()
