"""Generation with the model in the body: chat completions, messages, responses."""

from plexus.pipeline import chat
from plexus.pipeline.call import Answer
from plexus.pipeline.gateway import Gateway
from plexus.protocols import WireProtocol
from plexus.web.body import Receive
from plexus.web.idempotency import Idempotency
from plexus.web.inference.entry import Endpoint, Scope, Visit, call_of, model_in, read_object, stream_in

POST = frozenset({"POST"})


def endpoint(gateway: Gateway, protocol: WireProtocol, once: Idempotency) -> Endpoint:
    """The endpoint of one protocol. A request with an idempotency key is served once."""

    async def serve(scope: Scope, receive: Receive, visit: Visit) -> Answer:
        body = await read_object(visit, receive)
        call = call_of(visit, scope, protocol, body, model=model_in(body), stream=stream_in(body))
        return await chat.answer(call, gateway)

    return Endpoint(gateway, protocol, serve, POST, once)
