"""LASER 2 and 3: its files, its text preparation, its models and languages.

`encoders.py` holds the registered encoders.
"""
