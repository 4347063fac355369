"""Training pairs: where they come from, which of them a step sees, and which texts must stay unseen.

The same for every kind of encoder.
"""
