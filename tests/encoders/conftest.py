"""The tiny checkpoints, for all tests of encoders."""

from tests.tiny_models import make_layout, static_layout, tiny_bert, tiny_distil, tiny_xlmr

__all__ = ["make_layout", "static_layout", "tiny_bert", "tiny_distil", "tiny_xlmr"]
