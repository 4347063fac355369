"""Facts about languages, grapheme clusters, words, and the distance between texts."""
