"""The composition root: the only module that sees all the others."""
