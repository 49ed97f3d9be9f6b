"""How a call to a provider can fail below its protocol: connection, name, certificate, time, a body cut short."""

import ssl

import aiohttp
from aiohttp.http import HttpProcessingError

from plexus.ir.errors import STATUS_OF, Fault, FaultKind


class UpstreamFailed(Exception):  # noqa: N818 - what happened, as the pipeline reads it
    """An attempt at a provider failed. `fault` is free of secrets; `body` is the provider's own error body, if any."""

    def __init__(self, fault: Fault, body: bytes = b"") -> None:
        """Keep the fault, and the provider's body for a client of the same protocol."""
        super().__init__(fault.message)
        self.fault = fault
        self.body = body
        self.headers: list[tuple[bytes, bytes]] = []
        """What of the provider's headers, and of the attempt, the client gets to see."""

    @classmethod
    def because(cls, kind: FaultKind, message: str, code: str = "") -> "UpstreamFailed":
        """A failure of this kind with its usual status."""
        return cls(Fault(kind=kind, status=STATUS_OF[kind], message=message, code=code))


def failure_of(error: BaseException) -> Fault:
    """The fault a transport error amounts to. The error's own text may hold URLs and is never shown."""
    kind, message, code = _read(error)
    return Fault(kind=kind, status=STATUS_OF[kind], message=message, code=code)


def _read(error: BaseException) -> tuple[FaultKind, str, str]:
    match error:
        case aiohttp.ConnectionTimeoutError():
            return "timeout", "the provider did not accept the connection in time", "connect_timeout"
        case TimeoutError():
            return "timeout", "the provider did not answer in time", "timeout"
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return "upstream", "the provider's certificate or TLS handshake was refused", "tls"
        case aiohttp.ClientConnectorDNSError():
            return "upstream", "the provider's name cannot be resolved", "dns"
        case aiohttp.ClientConnectorError(os_error=ConnectionResetError()):  # TCP was there; TLS broke off
            return "upstream", "the provider broke off the TLS handshake", "tls"
        case aiohttp.ClientConnectorError() | ConnectionRefusedError():
            return "upstream", "the provider cannot be reached", "connect"
        case aiohttp.ClientPayloadError():
            return "upstream", "the provider's answer was cut short", "truncated"
        case aiohttp.ServerDisconnectedError() | ConnectionResetError():
            return "upstream", "the provider closed the connection", "disconnected"
        case aiohttp.ClientResponseError() | HttpProcessingError():
            return "upstream", "the provider's answer is not valid HTTP", "bad_http"
        case _:
            return "upstream", "the provider cannot be reached", "transport"
