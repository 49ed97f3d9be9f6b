"""What the headers of an answer tell the client of the way its request took."""

from plexus.pipeline.account import Account
from plexus.pipeline.call import Call
from plexus.pipeline.headers import ascii_value, returning
from plexus.pipeline.sending import Committed

_FAILURES = 10
"""Failed attempts that are named at most; a header has to end."""


def headers(call: Call, committed: Committed, account: Account, kind: str) -> list[tuple[bytes, bytes]]:
    """The headers of an answer of this media type."""
    return [
        (b"content-type", kind.encode("latin-1", "replace")),
        (b"x-plexus-request-id", call.request_id.encode()),
        *facts(account),
        *returning(committed.reply.headers),
    ]


def facts(account: Account) -> list[tuple[bytes, bytes]]:
    """Which target served it, after how many attempts, what failed before, and what was lost."""
    last = account.serving or (account.attempts[-1] if account.attempts else None)
    if last is None:
        return account.standing
    told = [
        *account.standing,
        (b"x-plexus-provider", ascii_value(last.tried.provider)),
        (b"x-plexus-model", ascii_value(last.tried.model)),
        (b"x-plexus-attempts", b"%d" % len(account.attempts)),
        (b"x-plexus-passthrough", b"true" if last.passthrough else b"false"),
    ]
    if len(account.attempts) > 1 and (failed := [a.tried for a in account.attempts if a.tried.reason]):
        named = (ascii_value(f"{tried.provider}/{tried.model}") + b"=" + tried.reason.encode() for tried in failed)
        told.append((b"x-plexus-failed", b", ".join(list(named)[:_FAILURES])))
    if lost := account.fidelity:
        told.append((b"x-plexus-fidelity", lost.encode()))
    return told
