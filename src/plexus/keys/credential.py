"""Where a client's credential stands in a request. It reads the place and does not judge the secret."""

from urllib.parse import unquote

_HEADERS = frozenset({b"authorization", b"x-api-key", b"x-goog-api-key", b"api-key"})
_BEARER = b"bearer"


class ConflictingCredentials(Exception):  # noqa: N818 - the client's fault, answered with 401
    """One request presents two different credentials, so it cannot be told whose it is."""

    def __init__(self) -> None:
        super().__init__("The request carries two different API keys; send one.")


def presented(headers: list[tuple[bytes, bytes]], query: bytes = b"") -> str | None:
    """The one credential of a request, or None when it has none. Header names are lower case, as ASGI gives them.

    It is taken from `Authorization` (with `Bearer` or bare), `x-api-key`, `x-goog-api-key`, `api-key` and `?key=`;
    the same credential may stand in several of them.

    Raises:
        ConflictingCredentials: when two places hold different ones.
    """
    found: bytes | None = None
    for name, value in headers:
        if name in _HEADERS:
            credential = _bare(value) if name == b"authorization" else value.strip()
            if credential and credential != found:
                if found is not None:
                    raise ConflictingCredentials
                found = credential
    text = None if found is None else found.decode("latin-1")
    return text if b"key=" not in query else _with_query(text, query)


def _bare(value: bytes) -> bytes:
    value = value.strip()
    scheme, blank, rest = value.partition(b" ")
    if scheme.lower() != _BEARER:
        return value
    return rest.strip() if blank else b""


def _with_query(found: str | None, query: bytes) -> str | None:
    # a plus stays a plus: secrets hold no blanks, and clients forget to escape it
    for field in query.split(b"&"):
        if field.startswith(b"key="):
            credential = unquote(field[4:].decode("latin-1"), errors="replace").strip()
            if credential and found is not None and credential != found:
                raise ConflictingCredentials
            found = credential or found
    return found
