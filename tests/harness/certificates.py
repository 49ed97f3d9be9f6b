"""Server certificates for TLS faults: good, expired, for another host, self-signed (U38)."""

import datetime as dt
import ssl
from typing import Literal

import trustme

Kind = Literal["good", "expired", "wrong-host", "self-signed"]


class Certificates:
    """An authority of its own. `client` trusts it; `server(kind)` serves a certificate of that kind."""

    def __init__(self) -> None:
        self._authority = trustme.CA()

    def client(self) -> ssl.SSLContext:
        """A context that trusts this authority alone."""
        context = ssl.create_default_context()
        self._authority.configure_trust(context)
        return context

    def pem(self) -> bytes:
        """The authority's certificate."""
        return self._authority.cert_pem.bytes()

    def server(self, kind: Kind = "good") -> ssl.SSLContext:
        """A context for a server on 127.0.0.1."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issuer = trustme.CA() if kind == "self-signed" else self._authority
        host = "elsewhere.example" if kind == "wrong-host" else "127.0.0.1"
        ends = dt.datetime(2020, 1, 2, tzinfo=dt.UTC) if kind == "expired" else None
        begins = dt.datetime(2020, 1, 1, tzinfo=dt.UTC) if kind == "expired" else None
        issuer.issue_cert(host, not_before=begins, not_after=ends).configure_cert(context)
        return context
