"""What the client is told when the upstream failed: the provider's troubles are not shown as the client's own."""

from msgspec.structs import replace

from plexus.ir.errors import STATUS_OF, Fault

_PROVIDERS_OWN = {"authentication", "billing", "permission"}
_KEPT = {
    "invalid_request",
    "not_found",
    "timeout",
    "conflict",
    "too_large",
    "unsupported_media",
    "rate_limit",
    "overloaded",
}


def for_client(fault: Fault) -> Fault:
    """The fault after the last target: 401, 402 and 403 of a provider are ours to mend and become 502, as do its 5xx."""
    if fault.kind in _PROVIDERS_OWN:
        message = "the provider refused the gateway's own credentials; its operator has to look at them"
        return Fault(kind="upstream", status=STATUS_OF["upstream"], message=message, code=f"upstream_{fault.kind}")
    if fault.kind == "timeout":
        return replace(fault, status=STATUS_OF["timeout"])
    if fault.kind in _KEPT:
        return fault
    return replace(fault, kind="upstream", status=STATUS_OF["upstream"])
