"""From a spec string to an object through entry points, and doses asked for on calibrated scales.

Built-ins and third-party plugins take the same route.
"""
