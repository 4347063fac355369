"""The two networks of LASER: the bidirectional LSTM of LASER2 and the transformer students of LASER3.

The names of parameters are those in Meta's files, so that a state dict is loaded unchanged. The computation follows
facebookresearch/LASER (laser_encoders/models.py) and facebookresearch/fairseq (the transformer encoder).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["ACTIVATIONS", "PAD", "LaserLSTM", "LaserTransformer", "StudentConfig"]

BOS, PAD = 0, 1

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": functional.relu,
    "gelu": functional.gelu,
    "gelu_accurate": lambda values: functional.gelu(values, approximate="tanh"),
    "gelu_fast": lambda values: functional.gelu(values, approximate="tanh"),
    "tanh": torch.tanh,
    "swish": functional.silu,
    "linear": lambda values: values,
}


def _max_of_tokens(states: Tensor, padding: Tensor) -> Tensor:
    """Return float32 [b, d], the maximum of states [b, t, d] over the tokens that are not padding (bool [b, t])."""
    return states.float().masked_fill(padding.unsqueeze(-1), float("-inf")).amax(dim=1)


class LaserLSTM(nn.Module):
    """LASER2: embeddings, a stacked LSTM, the maximum over tokens."""

    def __init__(
        self,
        num_embeddings: int,
        padding_idx: int,
        embed_dim: int,
        hidden_size: int,
        num_layers: int,
        bidirectional: bool,
    ) -> None:
        super().__init__()
        self.padding_idx = padding_idx
        self.width = hidden_size * (2 if bidirectional else 1)
        self.embed_tokens = nn.Embedding(num_embeddings, embed_dim, padding_idx=padding_idx)
        self.lstm = nn.LSTM(embed_dim, hidden_size, num_layers, bidirectional=bidirectional, batch_first=True)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Return float32 [b, d] from ids [b, t] padded on the right, the longest text first, and lengths (on the CPU)."""
        packed = nn.utils.rnn.pack_padded_sequence(self.embed_tokens(ids), lengths, batch_first=True)
        states, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=ids.shape[1])
        return _max_of_tokens(states, ids == self.padding_idx)


@dataclass(frozen=True)
class StudentConfig:
    """The configuration in a LASER3 file; the defaults are fairseq's."""

    sentemb_criterion: str  # "cls" or "max"
    embed_dim: int = 512
    ffn_embed_dim: int = 2048
    layers: int = 6
    attention_heads: int = 8
    normalize_before: bool = False
    learned_pos: bool = False
    max_source_positions: int = 1024
    no_token_positional_embeddings: bool = False
    no_scale_embedding: bool = False
    layernorm_embedding: bool = False
    activation_fn: str = "relu"


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.k_proj, self.v_proj = nn.Linear(width, width), nn.Linear(width, width)
        self.q_proj, self.out_proj = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, states: Tensor, seen: Tensor) -> Tensor:
        batch, length, width = states.shape

        def split(values: Tensor) -> Tensor:
            return values.view(batch, length, self.heads, width // self.heads).transpose(1, 2)

        query, key, value = (split(each(states)) for each in (self.q_proj, self.k_proj, self.v_proj))
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)
        out: Tensor = self.out_proj(mixed.transpose(1, 2).reshape(batch, length, width))
        return out


class _Layer(nn.Module):
    def __init__(self, config: StudentConfig) -> None:
        super().__init__()
        self._before = config.normalize_before
        self._activation = ACTIVATIONS[config.activation_fn]
        self.self_attn = _Attention(config.embed_dim, config.attention_heads)
        self.self_attn_layer_norm = nn.LayerNorm(config.embed_dim)
        self.fc1 = nn.Linear(config.embed_dim, config.ffn_embed_dim)
        self.fc2 = nn.Linear(config.ffn_embed_dim, config.embed_dim)
        self.final_layer_norm = nn.LayerNorm(config.embed_dim)

    def forward(self, states: Tensor, seen: Tensor) -> Tensor:
        if self._before:
            states = states + self.self_attn(self.self_attn_layer_norm(states), seen)
            return states + self._widen(self.final_layer_norm(states))
        states = self.self_attn_layer_norm(states + self.self_attn(states, seen))
        normed: Tensor = self.final_layer_norm(states + self._widen(states))
        return normed

    def _widen(self, states: Tensor) -> Tensor:
        out: Tensor = self.fc2(self._activation(self.fc1(states)))
        return out


def _sinusoids(count: int, width: int) -> Tensor:
    """Return float32 [count, width]: sines in the first half, cosines in the second; the padding's row is 0."""
    half = width // 2
    rates = torch.exp(torch.arange(half, dtype=torch.float32) * -(math.log(10000) / (half - 1)))
    angles = torch.arange(count, dtype=torch.float32).unsqueeze(1) * rates
    table = torch.cat([angles.sin(), angles.cos(), torch.zeros(count, width % 2)], dim=1)
    table[PAD] = 0
    return table


class LaserTransformer(nn.Module):
    """A LASER3 student: fairseq's transformer encoder, then the state of <s> or the maximum over tokens."""

    def __init__(self, config: StudentConfig, num_embeddings: int, *, final_norm: bool) -> None:
        super().__init__()
        self.config = config
        self.width = config.embed_dim
        self.embed_tokens = nn.Embedding(num_embeddings, config.embed_dim, padding_idx=PAD)
        self.scale = 1.0 if config.no_scale_embedding else math.sqrt(config.embed_dim)
        if config.learned_pos and not config.no_token_positional_embeddings:
            # Positions count from 1 after the padding's own.
            self.embed_positions = nn.Embedding(config.max_source_positions + PAD + 1, config.embed_dim, PAD)
        self.layernorm_embedding = nn.LayerNorm(config.embed_dim) if config.layernorm_embedding else None
        self.layers = nn.ModuleList([_Layer(config) for _ in range(config.layers)])
        self.layer_norm = nn.LayerNorm(config.embed_dim) if final_norm else None

    @property
    def longest(self) -> int | None:
        """How many tokens have a position; None: unlimited."""
        limited = self.config.learned_pos and not self.config.no_token_positional_embeddings
        return self.config.max_source_positions if limited else None

    def _positions(self, ids: Tensor) -> Tensor | float:
        if self.config.no_token_positional_embeddings:
            return 0.0
        held = ids.ne(PAD).long()
        places = held.cumsum(dim=1) * held + PAD
        if self.config.learned_pos:
            learned: Tensor = self.embed_positions(places)
            return learned
        table: Tensor = _sinusoids(ids.shape[1] + PAD + 1, self.width)
        return table.to(self.embed_tokens.weight)[places]

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Return float32 [b, d] from ids [b, t], padded on either side."""
        padding = ids.eq(PAD)
        states = self.scale * self.embed_tokens(ids) + self._positions(ids)
        if self.layernorm_embedding is not None:
            states = self.layernorm_embedding(states)
        states = states.masked_fill(padding.unsqueeze(-1), 0.0)
        seen = ~padding[:, None, None, :]
        for layer in self.layers:
            states = layer(states, seen)
        if self.layer_norm is not None:
            states = self.layer_norm(states)
        if self.config.sentemb_criterion == "cls":
            firsts: Tensor = states[torch.arange(len(ids), device=ids.device), ids.eq(BOS).int().argmax(dim=1)]
            return firsts.float()
        return _max_of_tokens(states, padding)
