"""The rank kernel: exact ranks of the relevant passages from blocks of scores, for every setting at once.

It works on arrays, and reads no files but those of indexes.
"""
