"""The rank kernel: exact ranks of the relevant passages from blocks of scores, for every setting at once.

It takes arrays and knows no file.
"""
