"""Files and folders: atomic writes, where data is looked for, checked downloads, the Hugging Face hub.

Nothing here knows what the files mean.
"""
