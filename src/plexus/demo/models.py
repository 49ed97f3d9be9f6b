"""The demo models: pure functions from a turn to a reply. They answer from the request alone, always the same."""

from collections import Counter

from plexus.demo.reply import Model, Reply, Simulated, Turn
from plexus.demo.seal import seal
from plexus.demo.tools import forced, results_in_last, use_tools
from plexus.demo.words import last_user_text, quoted
from plexus.ir.chat import ChatRequest
from plexus.ir.errors import Fault
from plexus.ir.parts import Media, Origin, Signature, Text, Thinking

RETRY_AFTER = 30
"""Seconds for which demo/limits asks to wait."""


def echo(turn: Turn) -> Reply:
    """The last user text again."""
    return Reply([Text(text=last_user_text(turn.request))])


def chat(turn: Turn) -> Reply:
    """A greeting, and what came in. A demanded tool call is made."""
    if forced(turn.request):
        return use_tools(turn)
    return Reply([Text(text=_account(turn.request))])


def thinking(turn: Turn) -> Reply:
    """A signed thought, then an answer. A request whose signatures were altered never gets here."""
    asked = last_user_text(turn.request)
    thought = f"The user said {quoted(asked, 120)}. I am a simulation, so I shall say what I see."
    earlier = sum(any(isinstance(part, Thinking) for part in message.parts) for message in turn.request.messages)
    say = f"I thought about {quoted(asked)} before I answered."
    if earlier:
        say += f" You returned {earlier} earlier thought{'s' if earlier > 1 else ''} of mine, intact."
    signature = Signature(seal(thought), Origin(turn.request.protocol, "demo", "thinking"))
    answer = use_tools(turn).parts if turn.request.tools and not results_in_last(turn.request) else [Text(text=say)]
    return Reply([Thinking(text=thought, signature=signature), *answer])


def slow(turn: Turn) -> Reply:
    """What demo/chat says, the first word after two seconds, the others a tenth of a second apart."""
    return Reply([Text(text=_account(turn.request))], first_after=2.0, word_after=0.1)


def flaky(turn: Turn) -> Reply:
    """Every third request fails: with 429, with 500 and by a broken connection, in turn."""
    which, rest = divmod(turn.count, 3)
    said = Text(text=_account(turn.request))
    if rest:
        return Reply([said])
    match which % 3:
        case 1:
            fault = Fault(kind="rate_limit", status=429, message="demo/flaky: simulated rate limit.", retry_after=1.0)
            raise Simulated(fault, {"retry-after": "1"})
        case 2:
            raise Simulated(Fault(kind="upstream", status=500, message="demo/flaky: simulated failure."))
        case _:
            return Reply([said], break_after=3)


def limits(_: Turn) -> Reply:
    """Always 429, with Retry-After and the rate-limit headers of OpenAI and of Anthropic."""
    message = f"demo/limits: simulated rate limit. Try again in {RETRY_AFTER}s."
    fault = Fault(kind="rate_limit", status=429, message=message, retry_after=float(RETRY_AFTER))
    headers = {"retry-after": str(RETRY_AFTER)}
    for what, limit in (("requests", "60"), ("tokens", "10000")):
        headers[f"x-ratelimit-limit-{what}"] = headers[f"anthropic-ratelimit-{what}-limit"] = limit
        headers[f"x-ratelimit-remaining-{what}"] = headers[f"anthropic-ratelimit-{what}-remaining"] = "0"
        headers[f"x-ratelimit-reset-{what}"] = f"{RETRY_AFTER}s"
    raise Simulated(fault, headers)


def _account(request: ChatRequest) -> str:
    count = len(request.messages)
    lines = [
        f"Hello! I am demo/{request.model.removeprefix('demo/')}, a model simulated by Plexus; no provider was called.",
        f"I got {count} message{'s' if count != 1 else ''}. The last thing you said was {quoted(last_user_text(request))}.",
    ]
    if request.tools:
        lines.append(f"I may use these tools: {', '.join(tool.name or tool.kind for tool in request.tools[:20])}.")
    results = results_in_last(request)
    if results:
        lines.append(f"You gave me {len(results)} tool result{'s' if len(results) != 1 else ''}.")
    media = Counter(part.kind for m in request.messages for part in m.parts if isinstance(part, Media))
    if media:
        lines.append(f"I see {', '.join(f'{n} {kind}' for kind, n in sorted(media.items()))}.")
    return " ".join(lines)


MODELS: dict[str, Model] = {
    "echo": echo,
    "chat": chat,
    "tools": use_tools,
    "thinking": thinking,
    "slow": slow,
    "flaky": flaky,
    "limits": limits,
}
