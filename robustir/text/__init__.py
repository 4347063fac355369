"""Facts about scripts, grapheme clusters, words, and the distance between texts.

Nothing here is random.
"""
