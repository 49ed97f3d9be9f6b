"""Pass-through between a responses client and a responses target: whether a body fits as it is, and where it goes."""

import re

from plexus.core.raw_object import RawObject
from plexus.core.sse import Frame
from plexus.ir.target import Target

_CUSTOM = re.compile(rb'"type"\s{0,8}:\s{0,8}"custom(?:_tool_call(?:_output)?)?"')
_FREE = frozenset({b"", b"null", b'"auto"', b'"none"'})
_SCHEMA = re.compile(rb'"type"\s{0,8}:\s{0,8}"json_schema"')


def mere_content(frame: Frame) -> bool:
    """Whether an event only adds to a text, a thought or arguments; the item's own ending tells them whole."""
    return frame.event.startswith("response.") and frame.event.endswith(".delta")


def fits(body: RawObject, target: Target) -> bool:
    """Whether nothing in the body is known to be refused by this target."""
    dialect = target.dialect
    if dialect.refused & body.values.keys():
        return False
    if not dialect.custom_tools and (_CUSTOM.search(_of(body, "tools")) or _CUSTOM.search(_of(body, "input"))):
        return False
    if not target.profile.forced_tools and _of(body, "tool_choice") not in _FREE:
        return False
    return dialect.json_schema or not _SCHEMA.search(_of(body, "text"))


def _of(body: RawObject, key: str) -> bytes:
    return bytes(body.values.get(key, b""))


def path(_model: str, _stream: bool) -> str:
    """Where responses are made, below the base URL."""
    return "/responses"


def count_path(_model: str) -> str:
    """Where the tokens of an input are counted, below the base URL."""
    return "/responses/input_tokens"
