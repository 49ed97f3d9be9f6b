"""Anthropic's messages protocol, as server and as client.

https://platform.claude.com/docs/en/api/messages
"""

from plexus.protocols import WireProtocol
from plexus.protocols.messages import wire
from plexus.protocols.messages.decode_request import decode_request
from plexus.protocols.messages.encode_request import encode_request
from plexus.protocols.messages.errors import decode_error, encode_error, error_in
from plexus.protocols.messages.fields import FIELDS, MINIMAL
from plexus.protocols.messages.passing import fits, mere_content, path
from plexus.protocols.messages.response import decode_response, encode_response
from plexus.protocols.messages.stream_decoder import MessagesStreamDecoder
from plexus.protocols.messages.stream_encoder import MessagesStreamEncoder


def _count_path(_model: str) -> str:
    return "/messages/count_tokens"


PROTOCOL = WireProtocol(
    name=wire.NAME,
    decode_request=decode_request,
    encode_request=encode_request,
    decode_response=decode_response,
    encode_response=encode_response,
    stream_decoder=MessagesStreamDecoder,
    stream_encoder=MessagesStreamEncoder,
    decode_error=decode_error,
    encode_error=encode_error,
    error_in=error_in,
    path=path,
    error_event="error",
    fits=fits,
    mere_content=mere_content,
    count_path=_count_path,
    state_fields=frozenset({"thread"}),
    minimal=MINIMAL,
    fields=FIELDS,
)
