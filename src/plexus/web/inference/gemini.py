"""Google's paths: the model and the action are in the path, `models/NAME:ACTION`, under several prefixes.

Also the paths by which a client that believes it talks to Vertex AI asks for Anthropic's models.
"""

from urllib.parse import parse_qs, unquote

from plexus.pipeline import chat
from plexus.pipeline.call import Answer
from plexus.pipeline.count import count_tokens
from plexus.pipeline.gateway import Gateway
from plexus.pipeline.refused import Refused
from plexus.protocols import WireProtocol
from plexus.web.body import Receive
from plexus.web.idempotency import Idempotency
from plexus.web.inference.entry import Endpoint, Scope, Visit, call_of, checked_model, read_object
from plexus.web.inference.generate import POST

GENERATE, STREAM, COUNT = "generateContent", "streamGenerateContent", "countTokens"
EMBEDDING = frozenset({"embedContent", "batchEmbedContents", "asyncBatchEmbedContent"})
RAW, RAW_STREAM = "rawPredict", "streamRawPredict"


def endpoint(gateway: Gateway, protocol: WireProtocol, once: Idempotency) -> Endpoint:
    """The endpoint of every path that ends in `models/NAME:ACTION`."""

    async def serve(scope: Scope, receive: Receive, visit: Visit) -> Answer:
        model, action = named(scope["raw_path"])
        if action in EMBEDDING:
            raise Refused("not_found", "embeddings are not served here yet", code="embeddings_not_served")
        if action not in {GENERATE, STREAM, COUNT}:
            raise Refused("not_found", f"there is no action {action[:80]!r} here", code="unknown_action")
        body = await read_object(visit, receive)
        stream = action == STREAM
        array = stream and parse_qs(scope["query_string"].decode("latin-1")).get("alt") != ["sse"]
        call = call_of(visit, scope, protocol, body, model=model, stream=stream, array=array)
        return await (count_tokens if action == COUNT else chat.answer)(call, gateway)

    return Endpoint(gateway, protocol, serve, POST, once)


def anthropic_endpoint(gateway: Gateway, protocol: WireProtocol, once: Idempotency) -> Endpoint:
    """Anthropic messages under Vertex paths: the body is one of messages without its model."""

    async def serve(scope: Scope, receive: Receive, visit: Visit) -> Answer:
        model, action = named(scope["raw_path"])
        if action not in {RAW, RAW_STREAM}:
            raise Refused("not_found", f"there is no action {action[:80]!r} here", code="unknown_action")
        # the version stands in a header everywhere else, where Anthropic refuses it in the body
        body = (await read_object(visit, receive)).without("anthropic_version")
        call = call_of(visit, scope, protocol, body, model=model, stream=action == RAW_STREAM)
        return await chat.answer(call, gateway)

    return Endpoint(gateway, protocol, serve, POST, once)


def named(raw_path: bytes) -> tuple[str, str]:
    """Model and action: what follows `models/`, cut at the last colon. A `%2F` in the name is a slash of the name.

    Raises:
        InvalidRequest: for a name that cannot be one.
    """
    rest = raw_path.decode("ascii", "replace").partition("/models/")[2]
    model, _, action = rest.rpartition(":")
    return checked_model(unquote(model)), unquote(action)
