"""The gateway's own no: a request refused before any provider was asked."""

from plexus.ir.errors import STATUS_OF, Fault, FaultKind


class Refused(Exception):  # noqa: N818 - what happened, as the web layer reads it
    """The client is at fault, or is not allowed, or the gateway is not able. `fault` says which."""

    def __init__(self, kind: FaultKind, message: str, *, code: str = "", param: str = "") -> None:
        """Refuse with the usual status of the kind."""
        super().__init__(message)
        self.headers: list[tuple[bytes, bytes]] = []
        """What the client is told beside it."""
        self.fault = Fault(kind=kind, status=STATUS_OF[kind], message=message, code=code, param=param)


def refused_as(fault: Fault) -> Refused:
    """The refusal that is this fault."""
    refused = Refused(fault.kind, fault.message)
    refused.fault = fault
    return refused
