"""The line with which Anthropic's own clients are billed: a system text that is no instruction and means nothing elsewhere.

It also changes with every request, and so would spoil the prompt cache of any other maker.
"""

from plexus.ir.parts import Part, Text

HEADER = "x-anthropic-billing-header:"


def is_billing(part: Part) -> bool:
    """Whether this part of the instructions is that line."""
    return isinstance(part, Text) and part.text[: len(HEADER)].lower() == HEADER
