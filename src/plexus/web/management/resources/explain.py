"""What would become of a request: the decision with its reasons and the request as it would be sent. Nothing is called."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from plexus.core.json import dumps
from plexus.ir.errors import InvalidRequest
from plexus.pipeline.explain import explain
from plexus.web.body import split
from plexus.web.management.access import Anybody, Running
from plexus.web.management.asked import call_of, key_for, question_in
from plexus.web.management.explained import Described, Explained
from plexus.web.management.refusals import Refusal

RESOURCE = APIRouter(tags=["explain"])
_BARE = {"type": "object", "title": "Bare", "description": "The body of a request as a client would send it."}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"anyOf": [Described.model_json_schema(), _BARE]}}},
    }
}


@RESOURCE.post("/explain", response_model=Explained, openapi_extra=_BODY)
async def explained(request: Request, visitor: Anybody, managed: Running) -> Response:
    """Explain a request without making it. The holder of a key asks as that key, and is not shown where providers are."""
    gateway = managed.gateway
    try:
        question = question_in(await split(await request.body(), gateway.snapshot.limits))
        key = key_for(question, gateway, visitor.key)
        call = call_of(question, key, gateway, managed.protocols)
    except InvalidRequest as error:
        raise Refusal(400, str(error), "invalid_value", param=error.field or None) from None
    told = explain(call, gateway)
    if visitor.role == "key" and told["request"] is not None:
        told["request"] |= {"url": None, "headers": None}
    return Response(dumps(told), media_type="application/json")
