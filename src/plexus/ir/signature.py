"""How an opaque value crosses into another protocol: wrapped with its maker's name, and unwrapped when it comes back.

The wrapped form is standard base64 throughout, because one slot for it (Gemini's `thoughtSignature`) is typed as bytes:
the literal `plexusv1` followed by the base64 of `[protocol, provider, model, value]` as JSON. The letters of the prefix
are themselves valid base64, so the whole is. Some clients send base64 back in its URL-safe alphabet; both are read.
See docs/adr for the choice.
"""

import base64
import binascii

import msgspec

from plexus.ir.parts import Origin, Signature

PREFIX = "plexusv1"
_URL_SAFE = str.maketrans("-_", "+/")


def wrap(signature: Signature, protocol: str) -> str:
    """The value for a client of `protocol`: bare when it was made in that protocol, else wrapped with its origin."""
    origin = signature.origin
    if origin.protocol == protocol:
        return signature.value
    content = msgspec.json.encode([origin.protocol, origin.provider, origin.model, signature.value])
    return PREFIX + base64.b64encode(content).decode()


def unwrap(value: str, protocol: str) -> Signature:
    """The signature a client of `protocol` sent: its maker is known if it was wrapped here, else only the protocol."""
    if value.startswith(PREFIX):
        try:
            content = base64.b64decode(value[len(PREFIX) :].translate(_URL_SAFE) + "==")
            made_in, provider, model, bare = msgspec.json.decode(content, type=tuple[str, str, str, str])
            return Signature(bare, Origin(made_in, provider, model))
        except (binascii.Error, msgspec.DecodeError, ValueError):
            pass
    return Signature(value, Origin(protocol))
