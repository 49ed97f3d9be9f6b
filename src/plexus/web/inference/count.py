"""Token counting for Anthropic and Responses clients."""

from plexus.pipeline.call import Answer
from plexus.pipeline.count import count_tokens
from plexus.pipeline.gateway import Gateway
from plexus.protocols import WireProtocol
from plexus.web.body import Receive
from plexus.web.inference.entry import Endpoint, Scope, Visit, call_of, model_in, read_object
from plexus.web.inference.generate import POST


def endpoint(gateway: Gateway, protocol: WireProtocol) -> Endpoint:
    """The endpoint of one protocol."""

    async def serve(scope: Scope, receive: Receive, visit: Visit) -> Answer:
        body = await read_object(visit, receive)
        call = call_of(visit, scope, protocol, body, model=model_in(body), stream=False)
        return await count_tokens(call, gateway)

    return Endpoint(gateway, protocol, serve, POST)
