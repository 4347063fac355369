"""The sections of a report, one file each: from findings to blocks of the document.

A new section is a new file here.
"""
