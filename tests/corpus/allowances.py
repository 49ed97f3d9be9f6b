"""What a protocol cannot express: the only differences that are forgiven, each with its reason, as narrow as it can be.

An allowance of CANNOT counts only when the codec reported the loss with a `Drop`: silence is a failure even where the
target has no place. FORM lists what the same thing looks like in another protocol; it needs no report, nothing is lost.
"""

from dataclasses import dataclass

from plexus.ir.drops import Drop


@dataclass(frozen=True)
class Cannot:
    """A thing the target protocols have no place for; `words` are what its report must speak of."""

    thing: str
    targets: tuple[str, ...]
    words: tuple[str, ...]
    reason: str


ALL = ("chat", "gemini", "messages", "responses")

CANNOT: tuple[Cannot, ...] = (
    Cannot(
        "answer.others",
        ("messages", "responses", "gemini"),
        ("alternative", "choice", "candidate"),
        "Messages and responses hold one answer; a Gemini stream has no second finish (n above 1).",
    ),
    Cannot(
        "answer.media",
        ("chat", "messages", "responses"),
        ("media", "image", "audio", "part"),
        "Media made by the model has a place in Gemini's inlineData only (chat: audio with an id of OpenAI's).",
    ),
    Cannot(
        "answer.media",
        ("gemini",),
        ("media", "audio", "part"),
        "OpenAI's audio answers have ids, expiry and transcripts that inlineData has not.",
    ),
    Cannot(
        "answer.thinking",
        ("chat",),
        ("thinking", "reasoning"),
        "Standard chat has no reasoning text; `reasoning_content` is what most providers use.",
    ),
    Cannot(
        "answer.citations",
        ("messages", "gemini", "chat", "responses"),
        ("citation", "annotation", "grounding"),
        "Anthropic's citations need an encrypted index that only Anthropic makes; Gemini's have offsets into bytes.",
    ),
    Cannot(
        "answer.signatures",
        ALL,
        ("signature", "opaque", "stripped", "encrypted", "redacted"),
        "A signature needs a slot of the client's protocol at the part it signs.",
    ),
    Cannot(
        "answer.server",
        ALL,
        (),
        "Server-side tool use and unknown blocks belong to the provider that made them (199): any report will do.",
    ),
    Cannot(
        "request.sampling.top_k",
        ("chat", "responses"),
        ("top_k",),
        "OpenAI has no top_k.",
    ),
    Cannot("request.sampling.seed", ("messages", "responses"), ("seed",), "Neither has a seed."),
    Cannot(
        "request.sampling.presence_penalty",
        ("messages", "responses"),
        ("presence_penalty", "presencepenalty"),
        "Neither has penalties.",
    ),
    Cannot(
        "request.sampling.frequency_penalty",
        ("messages", "responses"),
        ("frequency_penalty", "frequencypenalty"),
        "Neither has penalties.",
    ),
    Cannot("request.sampling.n", ("messages", "responses"), ("sampling.n", "candidate", "n"), "One answer a request."),
    Cannot("request.sampling.top_logprobs", ("messages",), ("logprobs",), "Anthropic gives no log probabilities."),
    Cannot("request.sampling.temperature", ("messages",), ("temperature",), "Anthropic's ends at 1 (clamped)."),
    Cannot("request.sampling.top_p", ("messages",), ("top_p",), "Anthropic's models want 0.95 to 1 while they think."),
    Cannot("request.sampling.top_k", ("messages",), ("top_k",), "Anthropic's models refuse it while they think."),
    Cannot("request.stop", ("responses",), ("stop",), "Responses has no stop sequences."),
    Cannot("request.max_tokens", ("chat",), ("max_tokens",), "OpenAI refuses less than 1 (clamped)."),
    Cannot("request.max_tokens", ("responses",), ("max_tokens",), "OpenAI refuses less than 16 (clamped)."),
    Cannot(
        "request.output.schema",
        ("messages",),
        ("output.schema", "output"),
        "Anthropic's structured output has no bounds (minItems, maximum …): they are told in the description.",
    ),
    Cannot(
        "request.max_tokens",
        ("messages",),
        ("max_tokens",),
        "Anthropic demands room for the thinking budget within max_tokens.",
    ),
    Cannot("request.parallel", ("gemini",), ("parallel",), "Gemini has no switch for parallel calls."),
    Cannot(
        "request.output.json",
        ("messages",),
        ("output", "response_format", "format", "mime"),
        "Anthropic has schemas but no JSON mode.",
    ),
    Cannot(
        "request.system.json",
        ("messages",),
        ("output",),
        "JSON mode is asked of Anthropic's models in words, after the client's own system text.",
    ),
    Cannot(
        "request.choice",
        ("messages", "chat", "responses", "gemini"),
        ("tool_choice", "tool choice", "toolconfig", "functioncalling", "tool_config"),
        "A choice among several named tools, or of a server-side tool, is not everywhere.",
    ),
    Cannot(
        "request.server_tools",
        ALL,
        ("tool", "mcp", "web_search"),
        "A server-side tool runs at its own provider; the generic target offers none.",
    ),
    Cannot("request.opaque", ALL, (), "Blocks and references that only their own provider understands: any report."),
    Cannot(
        "request.thinking",
        ALL,
        ("thinking", "reasoning", "signature", "thought"),
        "Earlier reasoning is only understood by the model that made it; chat has no standard place for it.",
    ),
    Cannot(
        "request.result.is_error",
        ("chat", "responses"),
        ("is_error", "error"),
        "OpenAI has no mark for a failed tool.",
    ),
    Cannot(
        "request.result.media",
        ("gemini", "chat", "responses"),
        ("media", "image", "document", "result", "file", "content", "parts"),
        "Not every result can hold every kind of media.",
    ),
    Cannot(
        "request.media",
        ALL,
        ("media", "image", "document", "audio", "video", "file", "content", "parts"),
        "Audio, video, documents and files by reference (ids of one provider) are not taken everywhere.",
    ),
    Cannot(
        "request.reasoning",
        ALL,
        ("reasoning", "thinking", "effort"),
        "How much a model thinks is said in other words: effort, budget, level.",
    ),
    Cannot(
        "request.first_turn",
        ("messages", "gemini"),
        ("repaired",),
        "A conversation must begin with the user's turn; one that does not gets an opening.",
    ),
    Cannot(
        "request.stray",
        ALL,
        ("repaired", "no call"),
        "A client's result that belongs to no call (or the reverse) is refused by every vendor; it is put right.",
    ),
    Cannot(
        "request.strict",
        ("gemini",),
        ("strict",),
        "Gemini has no strict functions.",
    ),
    Cannot(
        "request.tools.free_form",
        ("messages", "gemini"),
        ("custom", "tool"),
        "Free-form tools become a function with one string; the grammar is not carried.",
    ),
)


def forgiven(thing: str, target: str, drops: list[Drop]) -> bool:
    """Whether `target` cannot say `thing` and the codec reported that it did not."""
    rows = [row for row in CANNOT if row.thing == thing and target in row.targets]
    return any(_reported(drops, row.words) for row in rows)


def _reported(drops: list[Drop], words: tuple[str, ...]) -> bool:
    if not words:
        return bool(drops)
    return any(word in f"{drop.kind} {drop.field} {drop.reason}".lower() for drop in drops for word in words)


FORM = {
    "order": "chat holds text before tool calls: the order between them is not compared from or towards chat.",
    "thinking position": "reasoning is compared as a whole, not by its place between other parts.",
    "text parts": "when several parts of text are joined into one, white space at the seams is not compared.",
    "stop": "one table (STOPS below) says which stop reasons stand for which.",
    "usage": "fresh input, cache and reasoning are recomputed from each protocol's own arithmetic; counts of cache writes "
    "are in Gemini's total only.",
    "documents": "a document that is plain text is text, its title a heading before it.",
    "arguments": 'arguments that are no object stand as {"input": …} where the wire demands an object (70).',
    "refusal": "text that declines is text where there is no field for it.",
    "results": "tool results of one turn are compared as a group, by name and call, before the other things of that turn.",
    "result json": 'Gemini holds a result as an object: {"output": X} and {"result": X} are X, an object is its JSON.',
    "result media": "where a tool message cannot hold an image, it follows as the user's.",
    "billing": "the x-anthropic-billing-header system block is for Anthropic only (99).",
    "late system": "system text said in mid-conversation is compared by its words, not by its place.",
    "closed objects": "Anthropic demands additionalProperties: false in the schema of an output; it may be added there.",
    "namespaces": "a tool of a Responses namespace carries it in its name elsewhere.",
    "schema": "upper-case types of Gemini are lower-case elsewhere, nullable is a null type; $schema, title and default are "
    "notes; Gemini's OpenAPI subset has no additionalProperties.",
    "auto": 'a tool choice of "auto" is the same as none.',
    "empty conversation": "a request of system text alone stands as the user's turn where the wire demands one.",
    "max_tokens": "a limit the client did not give may be added where the protocol demands one.",
}

STOPS: dict[str, dict[str, set[str]]] = {
    "chat": {
        "stop_sequence": {"end"},
        "refusal": {"filter", "end"},
        "pause": {"end", "length"},
        "malformed": {"error", "filter", "end", "tools"},
        "other": {"end", "error", "filter", "other"},
        "filter": {"filter"},
    },
    "messages": {
        "filter": {"refusal"},
        "malformed": {"end", "refusal", "error", "tools"},
        "other": {"end", "error", "refusal"},
        "refusal": {"refusal", "end"},
    },
    "responses": {
        "stop_sequence": {"end"},
        "refusal": {"filter", "end"},
        "pause": {"end", "length"},
        "malformed": {"error", "end", "tools"},
        "other": {"end", "error", "filter"},
    },
    "gemini": {
        "stop_sequence": {"end"},
        "refusal": {"filter", "end"},
        "pause": {"end", "length"},
        "other": {"end", "error", "filter", "other"},
        "error": {"other", "error"},
    },
}
