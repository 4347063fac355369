"""The run directory: queries, ranks and rankings on disk, and the manifest that says what a run depended on.

Only this crosses from running to analysing.
"""
