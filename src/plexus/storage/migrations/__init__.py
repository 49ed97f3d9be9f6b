"""How the tables came to be what they are: one file per step in `versions/`, forwards only, the same on both engines.

A step spells its columns out and does not import `storage.tables`, which goes on changing. A test compares the two.
"""
