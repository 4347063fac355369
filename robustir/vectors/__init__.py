"""The content-addressed store of vectors, and the file of vectors of one run.

Each distinct text is encoded once.
"""
