"""Token log-probabilities of a choice, both ways; Together's older parallel lists are read as well.

Source: https://platform.openai.com/docs/api-reference/chat/object#chat/object-choices
"""

from typing import Any, TypeGuard

from plexus.ir.parts import TokenLogprob

Wire = dict[str, Any]

_ABSURD = 10**15


def read_logprobs(value: Any, name: str = "content") -> list[TokenLogprob]:
    """The log-probabilities of the content (or of the `refusal`); unreadable entries are skipped."""
    if not isinstance(value, dict):
        return []
    entries = value.get(name)
    if isinstance(entries, list):
        return [token for entry in entries if (token := _token(entry)) is not None]
    tokens, numbers = value.get("tokens"), value.get("token_logprobs")
    if name == "content" and isinstance(tokens, list) and isinstance(numbers, list):
        pairs = zip(tokens, numbers, strict=False)
        return [TokenLogprob(token=str(token), logprob=float(n)) for token, n in pairs if _is_number(n)]
    return []


def _is_number(value: Any) -> TypeGuard[float]:
    """Whether this is a logarithm at all: Python reads integers of any size, which nobody else can."""
    return isinstance(value, int | float) and abs(value) < _ABSURD


def _token(entry: Any) -> TokenLogprob | None:
    if not isinstance(entry, dict):
        return None
    token, logprob = entry.get("token"), entry.get("logprob")
    if not isinstance(token, str) or not _is_number(logprob):
        return None
    written, top = entry.get("bytes"), entry.get("top_logprobs")
    return TokenLogprob(
        token=token,
        logprob=logprob,
        bytes=[byte for byte in written if isinstance(byte, int)] if isinstance(written, list) else None,
        top=[read for other in top if (read := _token(other)) is not None] if isinstance(top, list) else [],
    )


def write_logprobs(content: list[TokenLogprob], refusal: list[TokenLogprob]) -> Wire | None:
    """The `logprobs` of a choice, or None when there are none."""
    if not content and not refusal:
        return None
    return {
        "content": [_written(token) for token in content] if content else None,
        "refusal": [_written(token) for token in refusal] if refusal else None,
    }


def _written(token: TokenLogprob) -> Wire:
    top = [{"token": other.token, "logprob": other.logprob, "bytes": other.bytes} for other in token.top]
    return {"token": token.token, "logprob": token.logprob, "bytes": token.bytes, "top_logprobs": top}
