"""What a plugin must satisfy, runnable by its author, and the catalogue that `list` and `describe` print.

It calls plugins the way the runner does.
"""
