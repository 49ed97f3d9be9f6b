"""`logprobsResult`, both ways.

Source: https://ai.google.dev/api/generate-content#LogprobsResult
"""

from typing import Any

from plexus.ir.parts import TokenLogprob
from plexus.protocols.gemini.protojson import Wire, fields_of, text_of


def read_logprobs(value: Any) -> list[TokenLogprob]:
    """The sampled tokens with the alternatives considered at each step."""
    wire = fields_of(value) if isinstance(value, dict) else {}
    chosen, top = _items(wire.get("chosenCandidates")), _items(wire.get("topCandidates"))
    tokens = []
    for step, item in enumerate(chosen):
        token = _token(item)
        token.top = [_token(other) for other in _items(top[step].get("candidates"))] if step < len(top) else []
        tokens.append(token)
    return tokens


def _items(value: Any) -> list[Wire]:
    return [fields_of(item) for item in value if isinstance(item, dict)] if isinstance(value, list) else []


_ABSURD = 10**15


def _token(item: Wire) -> TokenLogprob:
    said = item.get("logProbability", 0.0)
    known = isinstance(said, int | float) and abs(said) < _ABSURD
    return TokenLogprob(token=text_of(item.get("token")), logprob=said if known else 0.0)


def write_logprobs(tokens: list[TokenLogprob]) -> Wire:
    """The `logprobsResult` for these tokens."""
    result: Wire = {"chosenCandidates": [_candidate(token) for token in tokens]}
    if any(token.top for token in tokens):
        result["topCandidates"] = [{"candidates": [_candidate(other) for other in token.top]} for token in tokens]
    return result


def _candidate(token: TokenLogprob) -> Wire:
    return {"token": token.token, "logProbability": token.logprob}
