"""A transformer in training: a batch of pairs in, one step of AdamW out."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustir.contracts import Role
from robustir.encoders.devices import computes_bfloat16
from robustir.encoders.transformers.bodies import Row, TransformerBody
from robustir.encoders.transformers.layout_files import write_layout
from robustir.training.config import TrainingConfig, TransformerModel
from robustir.training.data.sampling import Batch, Sampler
from robustir.training.losses import adversarial_shift, info_nce
from robustir.training.robust import QueryNoise, blurred, kept_pieces
from robustir.training.trainee import Step
from robustir.training.transformer.frozen import FrozenPart, frozen_modules
from robustir.training.transformer.gradient_cache import Parts, seeded
from robustir.training.transformer.needs import Needs, free_memory

__all__ = ["TransformerTrainee", "Use"]

_TRIED = 256  # texts of the most characters, of which one has the most tokens
_DROPOUT = 7  # the number of the random stream of a step, beside those of robust.py


@dataclass(frozen=True, slots=True)
class Use:
    """How the encoder is used, after all defaults; it is trained and written so."""

    poolings: tuple[str, ...]
    prefixes: Mapping[Role, str]
    include_prompt: bool = True


class TransformerTrainee:
    """Trains a :class:`TransformerBody` on texts.

    origin: what the manifest says of where its weights come from. Raises InputError if memory is too small for its steps.
    """

    def __init__(
        self,
        body: TransformerBody,
        use: Use,
        texts: list[str],
        config: TrainingConfig,
        sampler: Sampler,
        device: torch.device,
        origin: Mapping[str, Any],
    ) -> None:
        assert isinstance(config.model, TransformerModel)
        self._use, self._texts, self._config, self._sampler, self._device = use, texts, config, sampler, device
        self._body = body.copy_to(device)
        self._origin = origin
        self._asked = config.model
        self._micro_batch = config.model.micro_batch
        self._mixed = config.model.dtype == "bfloat16" and computes_bfloat16(device)
        self._frozen: FrozenPart | None = None
        self._still: list[torch.nn.Module] = []
        pooler = getattr(self.model, "pooler", None)
        if isinstance(pooler, torch.nn.Module):  # no vector depends on it
            pooler.requires_grad_(requires_grad=False)
        frozen = config.model.frozen_layers
        if frozen is not None:
            self._still = frozen_modules(self.model, frozen)
            for module in self._still:
                module.requires_grad_(requires_grad=False)
            bound = config.model.kept_states * 2**20
            self._frozen = FrozenPart(self._body, frozen, bound, mixed=self._mixed)
        self._noise = QueryNoise(config, texts, sampler)
        tokenizer = self._body.tokenizer
        self._special = np.array(sorted(set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}))
        self._optimiser = torch.optim.AdamW(_groups(self._moving(), config.optimiser.weight_decay), lr=0.0)
        self._needs = self._estimated()
        self.plan = self._checked()

    @property
    def model(self) -> torch.nn.Module:
        """The model of transformers, without a head."""
        model: torch.nn.Module = self._body.model
        return model

    def _moving(self) -> dict[str, torch.nn.Parameter]:
        """Return the parameters that steps change, by name."""
        return {name: each for name, each in self.model.named_parameters() if each.requires_grad}

    def _estimated(self) -> Needs:
        tried = sorted(self._texts, key=len, reverse=True)[:_TRIED]
        found: list[tuple[Row, Role]] = [(row, role) for role in _ROLES for row in self._tokenised(tried, role)]
        longest, role = max(found, key=lambda each: len(each[0].ids))
        encode = self._vectors if self._config.robust.adversarial == 0 else self._whole
        self._to_train()
        with seeded(0, self._device):
            return Needs.of(
                lambda count: encode([longest] * count, role),
                self._moving().values(),
                texts=2 * self._config.batch,
                kept=self._asked.kept_states * 2**20 if self._asked.freeze else 0,
            )

    def _checked(self) -> str:
        """Return what a step does, in a line. Raises InputError if memory is too small for it."""
        twice = self._config.robust.adversarial > 0
        asked = self._needs.check(self._micro_batch, free_memory(self._device), twice=twice)
        trained, size = sum(each.numel() for each in self._moving().values()), _size(self.model)
        parts = f", gradients in parts of {self._micro_batch} texts" if self._needs.in_parts(self._micro_batch) else ""
        still = f", {' and '.join(self._asked.freeze)} frozen" if self._asked.freeze else ""
        imitated = self._asked.dtype == "bfloat16" and not self._mixed
        precision = "bfloat16" if self._mixed else "float32"
        reason = " (this machine has no instructions for bfloat16)" if imitated else ""
        return (
            f"{trained / 1e6:.1f} of {size / 1e6:.1f} million parameters in {precision}{reason}{still}; "
            f"{self._config.batch} pairs a step{parts}; about {asked / 2**30:.1f} GiB of memory beside the weights"
        )

    def step(self, number: int, batch: Batch, rate: float) -> Step:
        """Make one step down the loss of a batch; if the loss or the gradient is not a number, nothing changes."""
        optimiser = self._config.optimiser
        sides, noise = self._rows(number, batch)
        tokens = (sum(len(row.ids) for row in sides[0]), sum(len(row.ids) for row in sides[1]))
        self._to_train()
        self._optimiser.zero_grad()
        loss, parts, gradient = self._loss(number, sides)
        if not np.isfinite(loss):
            return Step(loss, float("nan"), tokens, noise)
        parts.backward(gradient)
        bound = float("inf") if optimiser.clip is None else optimiser.clip
        norm = float(torch.nn.utils.clip_grad_norm_(self._moving().values(), bound))
        if np.isfinite(norm):
            for group in self._optimiser.param_groups:
                group["lr"] = rate
            self._optimiser.step()
        return Step(loss, norm, tokens, noise)

    def _to_train(self) -> None:
        self.model.train()
        for module in self._still:  # no dropout in what is computed once
            module.eval()

    def _loss(self, number: int, sides: tuple[list[Row], list[Row]]) -> tuple[float, Parts, Tensor]:
        """Return the loss of a step, the parts of its batch and the gradient at their vectors, [2b, d].

        A part holds texts of like length of one side. The vectors of all parts lie one behind the other, the longest text
        of a side first.
        """
        radius = self._config.robust.adversarial
        orders = [_longest_first(side) for side in sides]
        size = self._micro_batch
        batches: list[tuple[list[Row], Role]] = [
            ([side[place] for place in order[first : first + size]], role)
            for side, order, role in zip(sides, orders, _ROLES, strict=True)
            for first in range(0, len(order), size)
        ]
        order = torch.tensor([*orders[0], *(place + len(orders[0]) for place in orders[1])], device=self._device)
        seed = int(self._sampler.stream(number, _DROPOUT).integers(2**62))
        shifts: list[Tensor] = []

        def encode(place: int) -> Tensor:
            rows, role = batches[place]
            if not shifts and radius == 0:
                return self._vectors(rows, role)
            if not shifts:
                return self._whole(rows, role)
            with _embeddings(self.model, lambda embedded: embedded + shifts[place]):
                return self._whole(rows, role)

        sizes = [len(rows) for rows, _ in batches]
        cached = len(batches) > len(sides)
        parts = Parts(encode, sizes, seed, self._device, cached=cached or radius > 0)
        loss, gradient = self._contrast(parts, number, order)
        if radius > 0 and np.isfinite(loss):
            slopes = torch.split(gradient, sizes)
            shifts += [
                self._worst(parts, place, rows, slopes[place], radius) for place, (rows, _) in enumerate(batches)
            ]
            parts = Parts(encode, sizes, seed, self._device, cached=cached)
            loss, gradient = self._contrast(parts, number, order)
        return loss, parts, gradient

    def _contrast(self, parts: Parts, number: int, order: Tensor) -> tuple[float, Tensor]:
        """Return the loss and the gradient at the vectors of the parts. order: which text of the batch each of them is."""
        found = parts.vectors()
        vectors = blurred(torch.empty_like(found).index_copy_(0, order, found), self._config, self._sampler, number)
        size = len(vectors) // 2
        loss, *gradients = info_nce(vectors[:size], vectors[size:], self._config.optimiser.temperature)
        return loss, torch.cat(gradients)[order]

    def _worst(self, parts: Parts, place: int, rows: list[Row], slope: Tensor, radius: float) -> Tensor:
        """Return the step on the input embeddings of a part that raises the loss most, [n, t, d].

        Its length, over all tokens of a text, is ``radius`` times that of the text's embeddings.
        """
        begun: list[Tensor] = []

        def begin(embedded: Tensor) -> Tensor:
            begun.append(embedded.detach().requires_grad_())
            return begun[0]

        with _embeddings(self.model, begin):
            vectors = parts.part(place)
        (gradient,) = torch.autograd.grad(vectors, begun, slope)
        lengths = torch.tensor([len(row.ids) for row in rows], device=self._device)
        held = (torch.arange(gradient.shape[1], device=self._device) < lengths[:, None])[:, :, None]
        flat = (begun[0].detach() * held).flatten(1), (gradient * held).flatten(1)
        return adversarial_shift(*flat, radius).view_as(gradient)

    def _vectors(self, rows: list[Row], role: Role) -> Tensor:
        if self._frozen is None:
            return self._whole(rows, role)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._mixed):
            return self._frozen.vectors(rows, self._use.prefixes[role])

    def _whole(self, rows: list[Row], role: Role) -> Tensor:
        """Return vectors by the whole model, with a graph down to the input embeddings."""
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._mixed):
            return self._body.forward(rows, self._use.prefixes[role])

    def _rows(self, number: int, batch: Batch) -> tuple[tuple[list[Row], list[Row]], str]:
        """Return the tokens of both sides, after noise and parts, and the name of the noise."""
        texts, noise = self._noise(number, batch)
        left = self._tokenised([self._texts[row] for row in batch.left] if texts is None else texts, "query")
        right = self._tokenised([self._texts[row] for row in batch.right], "passage")
        own = [np.isin(row.ids, self._special, invert=True) for row in left]
        lengths = np.array([int(each.sum()) for each in own])
        kept = kept_pieces(self._config, self._sampler, number, batch, lengths)
        if kept is not None:
            chosen = np.split(kept, np.cumsum(lengths)[:-1])
            left = [_without(*parts) for parts in zip(left, own, chosen, strict=True)]
        return (left, right), noise

    def _tokenised(self, texts: list[str], role: Role) -> list[Row]:
        prefix = self._use.prefixes[role]
        return self._body.rows([prefix + text for text in texts])

    def validation_loss(self, batches: list[Batch]) -> float:
        """Return the mean loss of held-out batches, clean and whole."""
        self.model.eval()
        losses = []
        size = self._micro_batch
        with torch.no_grad():
            for batch in batches:
                sides = []
                for numbers, role in zip((batch.left, batch.right), _ROLES, strict=True):
                    rows = self._tokenised([self._texts[number] for number in numbers], role)
                    parts = [self._vectors(rows[first : first + size], role) for first in range(0, len(rows), size)]
                    sides.append(torch.cat(parts))
                losses.append(info_nce(sides[0], sides[1], self._config.optimiser.temperature)[0])
        return float(np.mean(losses))

    def weights(self) -> dict[str, Tensor]:
        """Return a copy of the model's tensors, on the CPU; frozen ones, which the base has, are left out."""
        return {name: tensor.detach().cpu().clone() for name, tensor in self._changing().items()}

    def _changing(self) -> dict[str, Tensor]:
        still = {name for name, each in self.model.named_parameters() if not each.requires_grad}
        return {name: tensor for name, tensor in self.model.state_dict().items() if name not in still}

    def state(self) -> dict[str, Any]:
        """Return what changes of the model, and AdamW's moments."""
        return {"model": self._changing(), "optimiser": self._optimiser.state_dict()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Continue from :meth:`state`."""
        self._load(state["model"])
        self._optimiser.load_state_dict(state["optimiser"])

    def write(self, folder: Path, weights: Mapping[str, Tensor]) -> list[Path]:
        """Write the layout of sentence-transformers."""
        self._load(weights)
        body, use = self._body, self._use
        write_layout(
            folder,
            body.model,
            body.tokenizer,
            poolings=use.poolings,
            max_length=body.longest,
            prefixes=use.prefixes,
            include_prompt=use.include_prompt,
        )
        return [folder]

    def _load(self, weights: Mapping[str, Tensor]) -> None:
        self.model.load_state_dict({**self.model.state_dict(), **weights})

    def description(self) -> dict[str, Any]:
        """Return what manifest and card say."""
        settings: Any = self._body.model.config
        size = _size(self.model)
        layers, origin = settings.num_hidden_layers, self._origin
        return {
            "kind": "transformer",
            "summary": f"A transformer ({settings.model_type}: {layers} layers, {settings.hidden_size} dimensions, "
            f"{size / 1e6:.1f} million parameters), trained from {origin['from']}; a text is the "
            f"{' and '.join(self._use.poolings)} of its tokens' states, to unit length.",
            "adversarial": "input embeddings",
            "limits": str(origin["limits"]),
            **{key: value for key, value in origin.items() if key not in ("from", "limits")},
            "model_type": settings.model_type,
            "layers": layers,
            "dimensions": settings.hidden_size,
            "parameters": size,
            "trained_parameters": sum(each.numel() for each in self._moving().values()),
            "frozen": list(self._asked.freeze),
            "poolings": list(self._use.poolings),
            "prefixes": dict(self._use.prefixes),
            "max_length": self._body.longest,
            "device": torch.cuda.get_device_name(self._device) if self._device.type == "cuda" else platform.machine(),
            "precision": "bfloat16, mixed" if self._mixed else "float32",
        }


_ROLES: tuple[Role, Role] = ("query", "passage")


def _groups(moving: Mapping[str, Tensor], weight_decay: float) -> list[dict[str, Any]]:
    """Return the parameters in two groups: biases and the weights of layer norms do not decay."""
    parameters = list(moving.values())
    return [
        {"params": [each for each in parameters if each.ndim > 1], "weight_decay": weight_decay},
        {"params": [each for each in parameters if each.ndim <= 1], "weight_decay": 0.0},
    ]


def _size(model: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def _longest_first(rows: list[Row]) -> list[int]:
    return sorted(range(len(rows)), key=lambda place: -len(rows[place].ids))


@contextmanager
def _embeddings(model: Any, change: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Let ``change`` have the input embeddings, [n, t, d], on their way into the model."""
    handle = model.get_input_embeddings().register_forward_hook(lambda _module, _inputs, output: change(output))
    try:
        yield
    finally:
        handle.remove()


def _without(row: Row, own: NDArray[np.bool_], chosen: NDArray[np.bool_]) -> Row:
    """Return a row with its chosen pieces alone; special tokens stay, and a text that would lose all keeps its own."""
    if not chosen.any():
        return row
    kept = ~own
    kept[own] = chosen
    places = np.flatnonzero(kept).tolist()
    types = None if row.types is None else [row.types[place] for place in places]
    return Row([row.ids[place] for place in places], types)
