"""Training of transformers: where they start, and gradients of batches larger than memory.

`trainee.py` is what the loop sees.
"""
