"""What a route asks of its caller, as its signature says it: who may use it, and that every parameter is one it knows."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant

from plexus.web.management.entry import VISITOR
from plexus.web.management.managed import Managed
from plexus.web.management.refusals import Refusal
from plexus.web.management.visitor import Visitor


def within(dependant: Dependant) -> Iterator[Dependant]:
    """A route's needs, and the needs of those."""
    yield dependant
    for inner in dependant.dependencies:
        yield from within(inner)


async def _admin(request: Request) -> Visitor:
    visitor: Visitor = request.scope[VISITOR]
    if visitor.role != "admin":
        raise Refusal(403, "only the admin key opens this", "admin_only")
    return visitor


async def _anybody(request: Request) -> Visitor:
    visitor: Visitor = request.scope[VISITOR]
    return visitor


async def _managed(request: Request) -> Managed:
    managed: Managed = request.app.state.managed
    return managed


async def _only_known(request: Request) -> None:
    """A parameter with a slip in its name would be passed over, and a DELETE of one thing become one of all."""
    known = {field.alias for dependant in within(request.scope["route"].dependant) for field in dependant.query_params}
    seen: set[str] = set()
    for name, _ in request.query_params.multi_items():
        if name not in known:
            said = f"it has {', '.join(sorted(known))}" if known else "it has none"
            raise Refusal(400, f"this path has no parameter {name[:80]!r}; {said}", "unknown_parameter")
        if name in seen:
            raise Refusal(400, f"the parameter {name!r} is given twice", "repeated_parameter", param=name)
        seen.add(name)


ADMIN = Depends(_admin)
"""For routes that do not look at who the admin is."""
Anybody = Annotated[Visitor, Depends(_anybody)]
"""The admin, or the holder of a client key, who must be shown no more than what is the key's own."""
Running = Annotated[Managed, Depends(_managed)]
CLASSES = {_admin: "admin", _anybody: "key"}
"""The classes of access by the dependency that declares them."""
checked_parameters = Depends(_only_known)
