"""What is done to queries: a perturbation applied and checked, an attack and its random control.

It knows one query set, no plan and no run.
"""
