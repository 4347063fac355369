"""Files and folders: atomic writes, the data folder, checked downloads, the Hugging Face hub.

Nothing here interprets the files.
"""
