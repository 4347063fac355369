"""The content-addressed store of vectors.

Each distinct text is encoded once; every byte is checked when it is read.
"""
