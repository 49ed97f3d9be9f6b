"""How credentials are put on a request. Pure functions of type `Sign`; an empty credential adds nothing.

A provider that signs the body (Bedrock's SigV4) gets its own function here: it sees method, URL, headers and body.
"""

from msgspec.structs import replace

from plexus.providers import Outgoing


def bearer(request: Outgoing, credential: str) -> Outgoing:
    """`Authorization: Bearer …` (RFC 6750), the way of OpenAI and of nearly everyone who copies it."""
    return _with(request, "authorization", f"Bearer {credential}") if credential else request


def x_api_key(request: Outgoing, credential: str) -> Outgoing:
    """`x-api-key: …`, Anthropic's way. https://platform.claude.com/docs/en/api/overview#authentication."""
    return _with(request, "x-api-key", credential) if credential else request


def x_goog_api_key(request: Outgoing, credential: str) -> Outgoing:
    """`x-goog-api-key: …`, Gemini with an API key. https://ai.google.dev/api/all-methods#authentication."""
    return _with(request, "x-goog-api-key", credential) if credential else request


def none(request: Outgoing, credential: str) -> Outgoing:  # noqa: ARG001 - the shape of a Sign
    """No credential at all, even when one is configured: for upstreams inside the process."""
    return request


def _with(request: Outgoing, name: str, value: str) -> Outgoing:
    # A header of the same name in another case (from the configuration) would be sent beside ours.
    kept = request.headers
    if not all(map(str.islower, kept)):
        kept = {key: old for key, old in kept.items() if key.lower() != name}
    return replace(request, headers={**kept, name: value})
