"""What a failed attempt leads to: the next target or not, a cooldown or not, and of what. A table with its exceptions.

The status decides, unless the provider's own words say what its status does not: a quota in a 400, a missing model in a 404,
a deadline in a 5xx. What an exception rests on is written beside it.
"""

import re
from typing import Literal

from msgspec import Struct

from plexus.ir.errors import STATUS_OF, Fault, kind_of_status
from plexus.routing.retry_hint import retry_hint_in_words

Scope = Literal["", "target", "credential"]


_CLIENT_ERROR = "client_error"


class Verdict(Struct, frozen=True):
    """What follows. `cools` names what rests; `seconds` is how long the provider asked for, None for the usual formula."""

    failover: bool
    cools: Scope
    reason: str
    """One word for rows and logs."""
    seconds: float | None = None

    @property
    def client_fault(self) -> bool:
        """Whether the request itself is at fault, so that no target would do better."""
        return self.reason == _CLIENT_ERROR


class Options(Struct, frozen=True):
    """What the operator may decide."""

    failover: bool = True
    retry_empty: bool = True
    """An answer without content moves on to the next target."""
    cool_stalls: bool = False
    """A stream that stalled cools its target down."""


_CLIENTS = Verdict(failover=False, cools="", reason=_CLIENT_ERROR)
_TARGET = Verdict(failover=True, cools="target", reason="upstream_error")
_CREDENTIAL = Verdict(failover=True, cools="credential", reason="credential")
_MOVE_ON = Verdict(failover=True, cools="", reason="moved_on")

STATUSES: dict[int, Verdict] = {
    401: Verdict(failover=True, cools="credential", reason="authentication"),
    402: Verdict(failover=True, cools="credential", reason="quota"),
    403: Verdict(failover=True, cools="credential", reason="permission"),
    407: _TARGET,  # a proxy on the way wants a login
    408: Verdict(failover=True, cools="target", reason="timeout"),
    421: _TARGET,  # misdirected: the connection led to the wrong server
    425: _MOVE_ON,  # too early: says nothing of the next request
    429: Verdict(failover=True, cools="target", reason="rate_limit"),
    451: _MOVE_ON,  # not served where this provider is; another may be elsewhere
    499: _MOVE_ON,  # the provider says that we hung up (Google: CANCELLED)
    504: Verdict(failover=True, cools="target", reason="timeout"),
    529: Verdict(failover=True, cools="target", reason="overloaded"),
}
"""Statuses that differ from their class: 4xx are the client's fault, everything else is the provider's."""

_QUOTA = re.compile(
    r"insufficient[ _](?:quota|balance|funds|credits?)|credit balance is too low|out of credits|(?:usage|spend(?:ing)?) limit"
    r"|quota (?:\w{1,20} ){0,3}exceeded|exceeded your (?:current |monthly |daily )?(?:\w{1,20} )?(?:quota|credits)"
    r"|depleted your|billing (?:hard )?limit|payment required|usage_limit_reached|billing_hard_limit|arrears"
)
# In a 429 only what speaks of the account: Google's limits of one model "exceed your current quota" too.
_ACCOUNT = re.compile(
    r"insufficient[ _](?:quota|balance|funds|credits?)|credit balance|out of credits|(?:usage|spend(?:ing)?) limit"
    r"|usage_limit_reached|billing_hard_limit|depleted your|included credits|payment required|arrears"
)
_DEADLINE = re.compile(r"deadline[ _](?:was )?(?:exceeded|expired)")
_MODEL_CODES = frozenset({
    "model_not_found", "model_not_supported", "unsupported_model", "invalid_model", "unknown_model", "deploymentnotfound",
    "model_not_available", "model_terms_required", "model_decommissioned",
})  # fmt: skip
_MODEL = re.compile(r"\bmodels?\b|\bdeployment\b|\bendpoints?\b")
_NO_SUCH_MODEL = re.compile(
    r"not a valid model|model not exist|model does not exist|unknown model|no such model|invalid model name|model_not_found"
)
_FLAGGED = re.compile(r"flagged|moderation|content policy|content_policy|safety polic")
_PAYLOAD = 400
_CODES = {
    # Ours, for what has no status of its own.
    "empty": Verdict(failover=True, cools="", reason="empty"),
    "stall": Verdict(failover=True, cools="", reason="stalled"),
    "deadline": Verdict(failover=False, cools="", reason="deadline"),
}


def judge(fault: Fault, options: Options = Options()) -> Verdict:  # noqa: B008 - immutable
    """What follows from this fault of one attempt."""
    verdict = _judged(fault, options)
    if verdict.cools:
        seconds = fault.retry_after if fault.retry_after is not None else retry_hint_in_words(fault.message)
        if seconds is not None:
            verdict = Verdict(verdict.failover, verdict.cools, verdict.reason, seconds)
    if verdict.failover and not options.failover:
        return Verdict(failover=False, cools=verdict.cools, reason=verdict.reason, seconds=verdict.seconds)
    return verdict


def _judged(fault: Fault, options: Options) -> Verdict:
    own = _CODES.get(fault.code)
    if own is not None:
        return _by_option(own, options)
    status = _status(fault)
    words = f"{fault.code} {fault.message}".lower()
    if status == _PAYLOAD and _QUOTA.search(words):
        return Verdict(failover=True, cools="credential", reason="quota")
    if status in (400, 403, 404):
        return _about_model(status, fault.code.lower(), words)
    if status == STATUS_OF["rate_limit"] and _ACCOUNT.search(words):
        return Verdict(failover=True, cools="credential", reason="quota")
    if (status == 408 or status >= 500) and _DEADLINE.search(words):  # noqa: PLR2004 - statuses
        # The request took longer than it was given: that says nothing of the next one.
        return Verdict(failover=True, cools="", reason="deadline")
    return by_status(status)


def _by_option(verdict: Verdict, options: Options) -> Verdict:
    if verdict.reason == "empty":
        return verdict if options.retry_empty else Verdict(failover=False, cools="", reason="empty")
    return Verdict(failover=True, cools="target", reason="stalled") if options.cool_stalls else verdict


def _about_model(status: int, code: str, words: str) -> Verdict:
    """400, 403 and 404 can mean that this provider has not this model, which is no fault of the client's."""
    missing = code in _MODEL_CODES or _NO_SUCH_MODEL.search(words) is not None
    if status == 404:  # noqa: PLR2004 - not found
        missing = missing or _MODEL.search(words) is not None
    elif status == 403 and not missing:  # noqa: PLR2004 - forbidden
        if _FLAGGED.search(words):  # OpenRouter answers 403 when the input was moderated
            return _CLIENTS
        missing = _MODEL.search(words) is not None  # "Project … does not have access to model …" (OpenAI)
    if missing:
        return Verdict(failover=True, cools="target", reason="no_such_model")
    return by_status(status)


def by_status(status: int) -> Verdict:
    """The table alone. Statuses that HTTP does not have, and those that are no error, are a broken provider's."""
    found = STATUSES.get(status)
    if found is not None:
        return found
    return _CLIENTS if 400 <= status < 500 else _TARGET  # noqa: PLR2004 - the client's class of statuses


def _status(fault: Fault) -> int:
    """The status to go by: the fault's own, or that of its kind where a codec has read more than the status says.

    Google answers 400 to a bad key, for example, and errors inside a 200 have no status but a kind.
    """
    is_error = 400 <= fault.status < 600  # noqa: PLR2004 - the statuses of errors
    return fault.status if is_error and kind_of_status(fault.status) == fault.kind else STATUS_OF[fault.kind]
