"""What "says the same" means between two protocols. Each difference is a line "cause: detail"; no line, no difference."""

import base64
import json
from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import jiter

from plexus.ir.drops import Drop
from tests.corpus.allowances import STOPS, forgiven
from tests.corpus.neutral import Asked, Call, Counts, Result, Said, parsed
from tests.corpus.schemas import same_schema


def squash(text: str) -> str:
    """Text without its white space."""
    return "".join(text.split())


def bare(signature: str) -> str:
    """The value a signature stands for: ours are wrapped as `plexusv1` and base64 of [protocol, provider, model, value]."""
    if not signature.startswith("plexusv1"):
        return signature.translate(str.maketrans("-_", "+/")).rstrip("=")
    body = signature.removeprefix("plexusv1").translate(str.maketrans("-_", "+/"))
    try:
        return bare(json.loads(base64.b64decode(body + "=="))[3])
    except ValueError:
        return "unreadable " + signature


class Differences:
    """Collects differences, forgiving what the target cannot say and the codec reported."""

    def __init__(self, target: str, drops: list[Drop]) -> None:
        self.lines: list[str] = []
        self.target = target
        self.drops = drops

    def say(self, cause: str, detail: Any = "", unless: str = "") -> None:
        """Add a difference, unless it is an allowance (named by its thing)."""
        if not (unless and forgiven(unless, self.target, self.drops)):
            self.lines.append(f"{cause}: {_short(detail)}")

    def same(self, cause: str, want: Any, got: Any, unless: str = "") -> None:
        """Add a difference when the two are not equal."""
        if want != got:
            self.say(cause, f"{_short(want)} became {_short(got)}", unless)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 300 else text[:200] + " … " + text[-90:]


def answer_differences(want: Said, got: Said, target: str, drops: list[Drop], *, source: str = "") -> list[str]:
    """How `got`, read in protocol `target`, differs from `want`, read in protocol `source`."""
    found = Differences(target, drops)
    if want.error or got.error:
        if bool(want.error) != bool(got.error) and want.stop not in {"error", "malformed", "other"}:
            found.say("error", f"{want.error!r} became {got.error!r}")
        return found.lines
    _texts(want, got, found)
    _calls(want, got, found)
    if source != target:
        _call_ids(got, found)
    if "chat" not in {source, target} and not want.refusal and not got.refusal:
        found.same("order", _order(want), _order(got))
    _stop(want, got, found, same=source == target)
    _usage(want.usage, got.usage, found)
    _rest(want, got, found, source)
    return found.lines


def _texts(want: Said, got: Said, found: Differences) -> None:
    wanted, received = want.text + want.refusal, got.text + got.refusal
    several = sum(kind == "text" for kind, _ in want.items) > 1 or (want.refusal and want.text)
    if several:
        wanted, received = squash(wanted), squash(received)
    found.same("text", wanted, received)
    found.same("thinking", squash(want.thinking), squash(got.thinking), "answer.thinking")


def _call_key(call: Call, groups: Collection[str] = ()) -> tuple[str, str]:
    """Name and arguments; what is no object stands wrapped as one where the wire demands that (70)."""
    arguments = call.arguments if isinstance(call.arguments, dict) else {"input": call.arguments}
    return (own_name(call.name, groups), json.dumps(arguments, sort_keys=True))


def own_name(name: str, groups: Collection[str]) -> str:
    """A tool's name without the namespace it carries where the wire has none."""
    for group in groups:
        rest = name.removeprefix(group) if group else name
        if rest != name and rest.lstrip("_.-/:") not in {"", rest}:
            return rest.lstrip("_.-/:")
    return name


def _closed(call: Call) -> Call:
    """The call with unfinished arguments read as Anthropic's own package reads them: what was said of the object so far."""
    if not isinstance(call.arguments, str):
        return call
    try:
        read = jiter.from_json(call.arguments.encode(), partial_mode="trailing-strings")
    except ValueError:
        return call
    return replace(call, arguments=read) if isinstance(read, dict) else call


def _calls(want: Said, got: Said, found: Differences) -> None:
    groups = {call.namespace for call in want.calls}
    wanted, received = [_call_key(c) for c in want.calls], [_call_key(c, groups) for c in got.calls]
    if wanted != received and any(drop.kind == "repaired" for drop in found.drops):
        wanted = [_call_key(_closed(c)) for c in want.calls]
    found.same("tool calls", wanted, received)


def _call_ids(got: Said, found: Differences) -> None:
    if found.target != "gemini":
        ids = [call.id for call in got.calls]
        if len(set(ids)) != len(ids) or not all(ids):
            found.say("tool call ids", ids)


def _order(said: Said) -> list[str]:
    order: list[str] = []
    for kind, value in said.items:
        if kind == "call":
            order.append("call")
        elif kind == "text" and value.strip() and order[-1:] != ["text"]:
            order.append("text")
    return order


def _stop(want: Said, got: Said, found: Differences, *, same: bool) -> None:
    if want.stop == "":
        return  # the upstream did not say; what is made of it is judged by the truncation law
    allowed = {want.stop} if same else STOPS[found.target].get(want.stop, {want.stop})
    if got.stop not in allowed:
        found.say("stop", f"{want.stop} became {got.stop}")
    if want.stop == "stop_sequence" and found.target == "messages":
        found.same("stop sequence", want.stop_sequence, got.stop_sequence)


def _usage(want: Counts | None, got: Counts | None, found: Differences) -> None:
    if want is None:
        return
    if got is None:
        found.say("usage", "missing")
        return
    for name in ("input", "output", "cache_read", "cache_write", "reasoning"):
        if name == "cache_write" and found.target == "gemini":
            continue
        found.same(f"usage.{name}", getattr(want, name), getattr(got, name))


def _rest(want: Said, got: Said, found: Differences, source: str) -> None:
    if len(got.others) < len(want.others):
        found.say("further choices", len(want.others), "answer.others")
    for one, other in zip(want.others, got.others, strict=False):
        _texts(one, other, found)
        _calls(one, other, found)
    if Counter(want.media) != Counter(got.media):
        found.say("media", len(want.media), "answer.media")
    lost = want.citations - got.citations
    if lost:
        found.say("citations", sorted(lost)[:3], "answer.citations")
    if got.citations - want.citations:
        found.say("citations invented", sorted(got.citations - want.citations)[:3])
    if found.target != "chat":
        there = {bare(value) for value in got.signatures}
        again = {bare(final): bare(streamed) for final, streamed in want.sealed_again.items()}
        missing = {value for value in map(bare, want.signatures) if not {value, again.get(value)} & there}
        if missing:
            found.say("signatures", f"{len(missing)} of {len(want.signatures)}", "answer.signatures")
    if len(got.server) < len(want.server):
        found.say("server-side parts", Counter(want.server), "answer.server")
    if source != found.target and len(got.server) > len(want.server):
        found.say("parts unknown to the client", Counter(got.server))


def request_differences(want: Asked, got: Asked, target: str, drops: list[Drop], *, source: str = "") -> list[str]:
    """How `got`, read in protocol `target`, differs from `want`, read in protocol `source`."""
    found = Differences(target, drops)
    _system(want, got, found)
    _turns(want, got, found)
    _tools(want, got, found)
    _settings(want, got, found)
    if len(got.opaque) < len(want.opaque):
        found.say("opaque parts", Counter(want.opaque), "request.opaque")
    if source != target and len(got.opaque) > len(want.opaque):
        found.say("parts unknown to the target", Counter(got.opaque))
    return found.lines


def _system(want: Asked, got: Asked, found: Differences) -> None:
    kept = [text for text in want.system if not text.startswith("x-anthropic-billing-header")]
    wanted, received = (squash("".join(texts)) for texts in (kept, got.system))
    if received == squash("".join(want.system)):
        return
    if not want.turns and wanted == received + squash("".join(v for _, kind, v in got.turns if kind == "text")):
        return  # a wire that demands a turn gets the system text as one
    emulated = want.output[0] == "json" and received.startswith(wanted)
    found.same("system", wanted, received, "request.system.json" if emulated else "")


Turn = tuple[str, list[tuple[str, Any]]]


def _runs(asked: Asked, groups: Collection[str], *, lift: bool) -> list[Turn]:
    """Turns grouped by role: results first, then the rest; adjacent text joined; media lifted out of results on demand."""
    runs: list[Turn] = []
    names = _names(asked)
    for role, kind, value in map(_plain, asked.turns):
        if kind == "thinking":
            continue
        if not runs or runs[-1][0] != role:
            runs.append((role, []))
        held = runs[-1][1]
        if kind == "result":
            content = [_plain(("", *pair))[1:] for pair in value.content]
            media = [pair for pair in content if pair[0] not in {"text", "json"}]
            said = [pair for pair in content if pair[0] in {"text", "json"}]
            name = own_name(value.name or names.get(value.call_id, ""), groups)
            held.append(("result", (name, canonical_result(said), () if lift else tuple(media))))
            held += media if lift else []
        elif kind == "text" and held and held[-1][0] == "text":
            held[-1] = ("text", held[-1][1] + squash(value))
        else:
            held.append(
                (kind, squash(value) if kind == "text" else _call_key(value, groups) if kind == "call" else value)
            )
    return [(role, _settled(held, asked)) for role, held in runs if held]


def _plain(said: tuple[str, str, Any]) -> tuple[str, str, Any]:
    """A document that is plain text counts as text."""
    role, kind, value = said
    if kind == "document" and value.startswith("text:"):
        return (role, "text", value.removeprefix("text:"))
    return said


def _settled(held: list[tuple[str, Any]], asked: Asked) -> list[tuple[str, Any]]:
    results = sorted((pair for pair in held if pair[0] == "result"), key=repr)
    rest: list[tuple[str, Any]] = []
    for kind, value in (pair for pair in held if pair[0] != "result"):
        if kind == "text" and rest and rest[-1][0] == "text":
            rest[-1] = ("text", rest[-1][1] + value)
        elif value or kind != "text":
            rest.append((kind, value))
    return [*results, *rest]


def canonical_result(content: list[tuple[str, Any]]) -> str:
    """A tool result as text: JSON sorted, the wrapper of a Gemini response taken off."""
    if len(content) == 1 and content[0][0] == "json":
        return _canonical(content[0][1])
    return _canonical("".join(value if kind == "text" else json.dumps(value) for kind, value in content))


def _canonical(value: Any) -> str:
    if isinstance(value, str):
        inner = parsed(value) if value.strip()[:1] in {"{", "["} else value
        return squash(value) if isinstance(inner, str) else _canonical(inner)
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in {"output", "result", "error"}:
        return _canonical(next(iter(value.values())))
    return squash(json.dumps(value, sort_keys=True, ensure_ascii=False))


def _groups(asked: Asked) -> set[str]:
    return {tool.namespace for tool in asked.tools} | {v.namespace for _, kind, v in asked.turns if kind == "call"} - {
        ""
    }


def _names(asked: Asked) -> dict[str, str]:
    return {value.id: value.name for _, kind, value in asked.turns if kind == "call" and value.id}


def _turns(want: Asked, got: Asked, found: Differences) -> None:
    if not want.turns:
        return
    if _stray(want) and forgiven("request.stray", found.target, found.drops):
        return
    groups = _groups(want)
    thought = squash("".join(value for _, kind, value in want.turns if kind == "thinking"))
    told = squash("".join(value for _, kind, value in got.turns if kind == "thinking"))
    found.same("thinking in history", thought, told, "request.thinking")
    wanted, received = _runs(want, groups, lift=False), _runs(got, groups, lift=False)
    if wanted != received:
        wanted, received = _runs(want, groups, lift=True), _runs(got, groups, lift=True)
        wanted, received = _without_names(wanted, received)
        wanted, received = _without_kinds(wanted, received)
        wanted, received = (_without_titles(runs, want.titles) for runs in (wanted, received))
    if received[1:] == wanted and forgiven("request.first_turn", found.target, found.drops):
        received = wanted
    if found.target == "chat" or _loose_order(wanted, received):
        wanted, received = ([(role, _by_kind(held)) for role, held in runs] for runs in (wanted, received))
    if wanted != received:
        _explain(wanted, received, want, got, found)
    _errors(want, got, found)
    _pairing(want, got, found)


def _without_names(wanted: list[Turn], received: list[Turn]) -> tuple[list[Turn], list[Turn]]:
    """Results compared without a tool's name where one side does not give it."""
    sides = [wanted, received]
    if any(kind == "result" and not value[0] for runs in sides for _, held in runs for kind, value in held):
        sides = [
            [
                (role, [(kind, ("", *value[1:]) if kind == "result" else value) for kind, value in held])
                for role, held in runs
            ]
            for runs in sides
        ]
        sides = [
            [
                (
                    role,
                    sorted((p for p in held if p[0] == "result"), key=repr) + [p for p in held if p[0] != "result"],
                )
                for role, held in runs
            ]
            for runs in sides
        ]
    return sides[0], sides[1]


def _without_kinds(wanted: list[Turn], received: list[Turn]) -> tuple[list[Turn], list[Turn]]:
    """Media by its bytes or place alone where one side does not say what kind it is."""
    if not any(kind == "media" for runs in (wanted, received) for _, held in runs for kind, _ in held):
        return wanted, received
    known = {"text", "call", "result"}
    one, other = (
        [(role, [(kind if kind in known else "media", value) for kind, value in held]) for role, held in runs]
        for runs in (wanted, received)
    )
    return one, other


def _without_titles(runs: list[Turn], titles: list[str]) -> list[Turn]:
    """Text without the titles of documents that stand as headings in it."""
    heads = [squash("# " + title) for title in titles]
    found = []
    for role, held in runs:
        kept = []
        for kind, value in held:
            for head in heads if kind == "text" else []:
                value = value.replace(head, "")  # noqa: PLW2901 - one heading after the other
            kept.append((kind, value))
        found.append((role, kept))
    return found


def _loose_order(wanted: list[Turn], received: list[Turn]) -> bool:
    """Whether something but the order of media among results could differ (media that followed its result)."""
    return any(kind == "result" for runs in (wanted, received) for _, held in runs for kind, _ in held)


def _by_kind(held: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    joined = "".join(value for kind, value in held if kind == "text")
    rest = [pair for pair in held if pair[0] != "text"]
    return [("text", joined), *sorted(rest, key=lambda pair: pair[0])]


def _explain(wanted: list[Turn], received: list[Turn], want: Asked, got: Asked, found: Differences) -> None:
    """Name what differs between two conversations: media first, for they may be forgiven, then the first turn."""
    strip = [
        [(role, [pair for pair in held if pair[0] in {"text", "call", "result"}]) for role, held in runs]
        for runs in (wanted, received)
    ]
    strip = [_merge([(role, held) for role, held in runs if _solid(held)]) for runs in strip]
    lost = _media(want) - _media(got)
    if lost or _media(got) - _media(want):
        found.say("media", f"lost {list(lost)[:3]}, invented {list(_media(got) - _media(want))[:3]}", "request.media")
    if strip[0] != strip[1]:
        for number, (one, other) in enumerate(zip(*strip, strict=False)):
            if one != other:
                found.say("turns", f"turn {number}: {_short(one)} became {_short(other)}")
                return
        found.say("turns", f"{len(strip[0])} became {len(strip[1])}: {_short(strip[0][-1:])} … {_short(strip[1][-1:])}")
    elif not lost:
        found.say("order of turns", f"{_short(wanted)} became {_short(received)}")


def _solid(held: list[tuple[str, Any]]) -> bool:
    return any(value or kind != "text" for kind, value in held)


def _merge(runs: list[Turn]) -> list[Turn]:
    merged: list[Turn] = []
    for role, held in runs:
        if merged and merged[-1][0] == role:
            merged[-1] = (role, _by_kind(_settled([*merged[-1][1], *held], Asked())))
        else:
            merged.append((role, held))
    return merged


def _media(asked: Asked) -> Counter[str]:
    counted: Counter[str] = Counter()
    for _, kind, value in map(_plain, asked.turns):
        if kind == "result":
            counted.update(
                inner for k, inner in value.content if k not in {"text", "json"} and not inner.startswith("text:")
            )
        elif kind not in {"text", "call", "thinking"}:
            counted[value] += 1
    return counted


def _errors(want: Asked, got: Asked, found: Differences) -> None:
    wanted, received = (
        sum(isinstance(value, Result) and value.is_error for _, _, value in asked.turns) for asked in (want, got)
    )
    if wanted != received:
        found.say("failed tool results", f"{wanted} became {received}", "request.result.is_error")


def _pairing(want: Asked, got: Asked, found: Differences) -> None:
    """No result without its call and no call without its result, unless the client sent it so (207)."""
    stray = _stray(got)
    if stray and not _stray(want):
        found.say("calls and results do not pair", sorted(stray)[:3])


def _stray(asked: Asked) -> set[str]:
    calls = {value.id for _, kind, value in asked.turns if kind == "call"}
    results = {value.call_id for _, kind, value in asked.turns if kind == "result" and value.call_id}
    waiting = {value.id for _, kind, value in _last_turn(asked) if kind == "call"}
    return (results - calls) | ({key for key in calls if key} - results - waiting)


def _last_turn(asked: Asked) -> list[tuple[str, str, Any]]:
    """What the assistant said at the very end: its calls need no results yet."""
    last = len(asked.turns)
    while last and asked.turns[last - 1][0] == "assistant":
        last -= 1
    return asked.turns[last:]


def _tools(want: Asked, got: Asked, found: Differences) -> None:
    groups = _groups(want)
    theirs = {own_name(tool.name, groups): tool for tool in got.tools}
    for tool in want.tools:
        there = theirs.pop(tool.name, None)
        if there is None:
            allowed = want.choice[0].startswith("allowed:") and tool.name not in want.choice[1]
            found.say("tools", f"{tool.name} is missing", "request.choice" if allowed else "")
            continue
        found.same("tool description", squash(tool.description), squash(there.description))
        if tool.schema == "free-form" and there.schema != "free-form":
            if set((there.schema or {}).get("properties") or {}) != {"input"}:
                found.say("free-form tool", there.schema, "request.tools.free_form")
        elif complaint := same_schema(tool.schema, there.schema, gemini=found.target == "gemini"):
            found.say("tool schema", f"{tool.name}: {complaint}")
        if tool.strict is not None and there.strict is not None:
            found.same("tool strict", tool.strict, there.strict)
    if theirs:
        found.say("tools invented", sorted(theirs))
    if len(got.server_tools) < len(want.server_tools):
        found.say("server-side tools", want.server_tools, "request.server_tools")
    if want.tools and _choice(want) != _choice(got):
        found.say("tool choice", f"{want.choice} became {got.choice}", "request.choice")
    if want.tools and want.choice[0] != "none" and want.parallel is False and got.parallel is not False:
        found.say("parallel calls", f"{want.parallel} became {got.parallel}", "request.parallel")


def _choice(asked: Asked) -> tuple[str, tuple[str, ...]]:
    """The tool choice; a choice among all tools there are is a choice without names."""
    mode, names = asked.choice
    if mode == "allowed:required" and len(names) == 1:
        return "tool", names
    if mode.startswith("allowed:") and {tool.name for tool in asked.tools} <= set(names):
        return ({"auto": ""}.get(mode.removeprefix("allowed:"), mode.removeprefix("allowed:")), ())
    return mode, names


def _settings(want: Asked, got: Asked, found: Differences) -> None:
    if want.max_tokens is not None:
        found.same("max tokens", want.max_tokens, got.max_tokens, "request.max_tokens")
    found.same("stop sequences", want.stop, got.stop, "request.stop")
    for key, value in want.sampling.items():
        if key == "n" and value == 1:
            continue
        found.same(key, value, got.sampling.get(key), f"request.sampling.{key}")
    for key in set(got.sampling) - set(want.sampling):
        found.say(f"{key} invented", got.sampling[key])
    if want.output[0] != got.output[0]:
        found.same("output format", want.output[0], got.output[0], f"request.output.{want.output[0]}")
    elif want.output[0] == "schema" and (
        complaint := same_schema(want.output[1], got.output[1], gemini=found.target in {"gemini", "messages"})
    ):
        found.say("output schema", complaint, "request.output.schema")
    opposite = {want.reasoning, got.reasoning} == {"on", "off"}
    told_by_effort = want.effort and not opposite and (want.effort == got.effort or got.reasoning == "on")
    if want.reasoning != got.reasoning and not told_by_effort:
        found.same("reasoning", want.reasoning, got.reasoning, "request.reasoning")
    elif want.effort and got.effort:
        found.same("effort", want.effort, got.effort, "request.reasoning")
    elif want.budget and got.budget:
        found.same("thinking budget", want.budget, got.budget, "request.reasoning")
    if found.target != "gemini" and want.stream is not None:
        found.same("stream", want.stream, bool(got.stream))
