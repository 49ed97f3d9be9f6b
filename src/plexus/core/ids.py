"""Identifiers that no two requests share."""

import secrets


def request_id() -> str:
    """A fresh request id: 128 random bits in hexadecimal."""
    return secrets.token_hex(16)
