"""The management API as FastAPI serves it: every resource of the folder, one shape of errors, one description."""

from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

import plexus
from plexus.core.json import dumps
from plexus.core.registry import find
from plexus.ir.errors import Fault
from plexus.pipeline.refused import Refused
from plexus.web.management import resources
from plexus.web.management.access import CLASSES, checked_parameters, within
from plexus.web.management.managed import Managed
from plexus.web.management.refusals import Refusal
from plexus.web.management.shapes import ErrorShown

PREFIX = "/v0/management"
NOT_YET = {
    "quotas": "the meters of providers are not read yet",
    "quota-checkers": "providers are not asked yet what is left of their quotas",
    "oauth": "providers that log in by OAuth are not built yet",
}
"""Resources that are promised and not there, and what to say of them."""
_UNKNOWN = 404
_CODES = {404: "unknown_path", 405: "method_not_allowed"}
_DESCRIPTION = """Looks at a running gateway and changes it. The admin key opens everything; a client
key's secret shows what is the key's own. Both are sent as a bearer token or in `x-admin-key`."""


def application(managed: Managed) -> FastAPI:
    """The application with every resource.

    Raises:
        LookupError: when a route does not say who may use it.
    """
    app = FastAPI(
        title="Plexus management API",
        version=plexus.__version__,
        description=_DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.managed = managed
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Refusal, _refusal)
    app.add_exception_handler(Refused, _refused)
    for router in routers():
        app.include_router(
            router,
            prefix=PREFIX,
            dependencies=[checked_parameters],
            responses={"4XX": {"model": ErrorShown, "description": "Refused; the error says why."}},
        )
    return app


def routers() -> list[APIRouter]:
    """The resources of the folder.

    Raises:
        LookupError: when a route does not say who may use it.
    """
    found = list(find(resources, "RESOURCE", APIRouter).values())
    for route in (route for router in found for route in router.routes):
        if not isinstance(route, APIRoute) or not access_of(route):
            raise LookupError(f"{route} does not say who may use it")
    return found


def access_of(route: APIRoute) -> str:
    """The class of access a route declares: `admin` or `key`; empty when it declares none."""
    return next((CLASSES[need.call] for need in within(route.dependant) if need.call in CLASSES), "")


def document(app: FastAPI) -> bytes:
    """The description of the API as OpenAPI 3.1."""
    described: dict[str, Any] = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    described["components"]["securitySchemes"] = {
        "admin_key": {"type": "apiKey", "in": "header", "name": "x-admin-key"},
        "bearer": {"type": "http", "scheme": "bearer"},
    }
    described["security"] = [{"admin_key": []}, {"bearer": []}]
    for route in (route for router in routers() for route in router.routes if isinstance(route, APIRoute)):
        for method in route.methods or ():
            described["paths"][PREFIX + route.path_format][method.lower()]["x-access"] = access_of(route)
    return dumps(described)


async def _invalid(_request: Request, error: Exception) -> Response:
    """What pydantic found, the first of it. Values are not repeated: they may be secrets."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - it is registered for nothing else
    first = error.errors()[0]
    steps = [str(step) for step in first["loc"] if step not in {"query", "body", "path", "header"}]
    param = ".".join(steps) or None
    message = f"{param or 'the request'}: {first['msg'][:1].lower()}{first['msg'][1:]}"
    return _response(Refusal(400, message, "invalid_value", param=param))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    resource = request.url.path.removeprefix(f"{PREFIX}/").partition("/")[0]
    if error.status_code == _UNKNOWN and resource in NOT_YET:
        return _response(Refusal(501, f"{resource}: {NOT_YET[resource]}", "not_built"))
    allowed = (error.headers or {}).get("allow", "")
    said = {404: "there is nothing at this path", 405: f"use {allowed} here"}.get(error.status_code, str(error.detail))
    response = _response(Refusal(error.status_code, said, _CODES.get(error.status_code, "invalid_request")))
    response.headers.update(error.headers or {})
    return response


async def _refusal(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 - as above
    return _response(error)


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 - as above
    fault: Fault = error.fault
    return _response(Refusal(fault.status, fault.message, fault.code or fault.kind, param=fault.param or None))


def _response(refusal: Refusal) -> Response:
    answer = refusal.answer()
    body = answer.body if isinstance(answer.body, bytes) else b""
    return Response(body, answer.status, {name.decode(): value.decode() for name, value in answer.headers})
