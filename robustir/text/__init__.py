"""Grapheme clusters, words, labels of languages that do not fit, and the distance between texts.

Nothing here is random.
"""
