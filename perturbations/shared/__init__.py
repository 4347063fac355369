"""What perturbations of several families share: rule-based editing, units, composition, model files.

Nothing here is registered.
"""
