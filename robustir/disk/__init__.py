"""Files and folders: atomic writes, the door of data files (`reading.py`, `shapes.py`), the data folder, checked downloads, the Hugging Face hub.

Nothing here interprets the files.
"""
