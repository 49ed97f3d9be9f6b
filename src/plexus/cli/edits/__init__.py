"""Changes to configuration files of other programs: text in, text out, everything else in the file stays as it is.

Each edit is checked by reading the result: it either means the old content plus the change, or it is refused.
"""


class CannotEdit(Exception):  # noqa: N818 - why a file is left alone
    """The file cannot be changed safely; the message says why, and quotes nothing of it."""
