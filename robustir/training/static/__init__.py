"""Training of static encoders: vocabulary, start, table, and what is done to a finished one.

`trainee.py` is what the loop sees.
"""
