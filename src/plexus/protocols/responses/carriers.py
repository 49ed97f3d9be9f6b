"""Signatures of texts and calls, which this protocol has no slot for, carried by reasoning items of their own.

Gemini signs texts and calls. A responses client sends all items of a turn back, so such a signature follows its part as a
reasoning item without text. It is wrapped as every foreign signature is (docs/adr/0002); that it belongs to the part
before it is told by one space after the JSON inside the wrapping, that it is a text of its own without words by two.
"""

import base64
import binascii

from plexus.ir.parts import Signature
from plexus.ir.signature import PREFIX, wrap

_BEFORE, _ALONE = b" ", b"  "


def encode_carrier(signature: Signature, *, alone: bool) -> str:
    """The encrypted content of a carrying item. `alone`: there is no part before it that it belongs to."""
    # Wrapped even when it was made in this protocol: bare, it would be taken for the state of the reasoning itself.
    content = base64.b64decode(wrap(signature, "")[len(PREFIX) :])
    return PREFIX + base64.b64encode(content + (_ALONE if alone else _BEFORE)).decode()


def carried(sealed: str) -> bool | None:
    """Whether the encrypted content is a carried signature: True for one alone, False for the part before, else None."""
    if not sealed.startswith(PREFIX):
        return None
    try:
        content = base64.b64decode(sealed[len(PREFIX) :].translate(str.maketrans("-_", "+/")) + "==")
    except binascii.Error:
        return None
    return content.endswith(_ALONE) if content.endswith(_BEFORE) else None
