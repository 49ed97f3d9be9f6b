"""Verdicts as tables: rates per pair, for the terminal and for docs/fidelity.md."""

import re
from collections import Counter, defaultdict

from tests.corpus import fields, replay, verdicts
from tests.corpus.allowances import CANNOT, FORM
from tests.corpus.recordings import ROOT, not_a_request, not_an_answer, select

Key = tuple[str, str, str, str]


def cause(line: str) -> str:
    """What kind of difference a line tells, without what is special to the case."""
    head, _, detail = line.partition(": ")
    if head == "stop" or head.startswith(("raised", "tool choice", "reasoning", "fault")):
        return line[:110]
    if head in {"tool schema", "output schema"}:
        where = detail.rpartition(": ")[2] if head == "tool schema" else detail
        return f"{head}: {re.sub(r'[(].*', '', where)[-60:]}"
    return head


def counted(found: list[verdicts.Verdict]) -> dict[Key, tuple[int, int]]:
    """Passed and all, by kind ("answers", "requests"), client, upstream and part."""
    table: dict[Key, list[int]] = defaultdict(lambda: [0, 0])
    for verdict in found:
        part = "held-out" if verdict.held else "open"
        theirs = verdict.recording.protocol
        key = (
            ("requests", theirs, verdict.other, part)
            if verdict.mode == "request"
            else ("answers", verdict.other, theirs, part)
        )
        table[key][0] += verdict.passed
        table[key][1] += 1
    return {key: (passed, total) for key, (passed, total) in table.items()}


def _cell(count: tuple[int, int] | None) -> str:
    if not count or not count[1]:
        return "–"
    return f"{100 * count[0] / count[1]:.1f} % ({count[1] - count[0]} of {count[1]})"


def rates(found: list[verdicts.Verdict]) -> str:
    """The tables of rates, as Markdown: rows are the client's protocol, columns the upstream's."""
    table = counted(found)
    lines: list[str] = []
    for kind, title in (("answers", "Answers: client ← upstream"), ("requests", "Requests: client → upstream")):
        for part in ("open", "held-out"):
            if not any(key[0] == kind and key[3] == part for key in table):
                continue
            lines += ["", f"**{title}, {part} part** (same; not the same of all)", ""]
            lines.append("| client | " + " | ".join(verdicts.NAMES) + " |")
            lines.append("|---|" + "---|" * len(verdicts.NAMES))
            for client in verdicts.NAMES:
                cells = [_cell(table.get((kind, client, upstream, part))) for upstream in verdicts.NAMES]
                lines.append(f"| {client} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def causes_left(found: list[verdicts.Verdict]) -> str:
    """What does not come through, open part, by cause."""
    counts: Counter[tuple[str, str]] = Counter()
    for verdict in found:
        if not verdict.held:
            pair = f"{verdict.recording.protocol} → {verdict.other} ({verdict.mode})"
            counts.update((pair, cause(line)) for line in verdict.differences)
    if not counts:
        return "None in the open part."
    rows = [f"| {pair} | {what.replace('|', '/')} | {count} |" for (pair, what), count in counts.most_common()]
    return "\n".join(["| pair | cause | cases |", "|---|---|---|", *rows])


def left_out() -> str:
    """Recordings that are no plain exchange, with the reason."""
    answers = Counter(reason for r in select() if (reason := not_an_answer(r)))
    requests = Counter(reason for r in select() if (reason := not_a_request(r)))
    rows = [f"| answer | {reason} | {count} |" for reason, count in answers.most_common()]
    rows += [f"| request | {reason} | {count} |" for reason, count in requests.most_common()]
    return "\n".join(["| as | reason | recordings |", "|---|---|---|", *rows])


def allowances() -> str:
    """The table of what a protocol cannot express."""
    rows = [f"| {row.thing} | {', '.join(row.targets)} | {row.reason} |" for row in CANNOT]
    forms = [f"* **{name}**: {reason}" for name, reason in FORM.items()]
    return "\n".join(["| thing | towards | why |", "|---|---|---|", *rows, "", *forms])


def table_of_fields() -> str:
    """What becomes of every field of every protocol, by protocol."""
    told = {(one.protocol, one.field, one.target): one.told for one in fields.fates()}
    lines: list[str] = []
    for name, protocol in replay.protocols().items():
        others = [other for other in verdicts.NAMES if other != name and other in replay.protocols()]
        lines += ["", f"## {name}", "", "| field | " + " | ".join("to " + other for other in others) + " |"]
        lines.append("|---|" + "---|" * len(others))
        for field in protocol.fields:
            cells = [told[name, field.path, other].replace("|", "/") for other in others]
            lines.append(f"| `{field.path}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write(found: list[verdicts.Verdict]) -> None:
    """Write docs/fidelity.md and docs/fields.md."""
    total = len({verdict.recording.id for verdict in found})
    text = f"""# What comes through

Generated by `make fidelity` (`tools/fidelity.py --write`). Do not edit.

{total} recorded exchanges with real providers, none of them made for this project, are replayed: each successful answer is
asked for in all four client protocols, streaming and unary, and each request is sent to upstreams of all four. What comes
out is read by readers written from the vendors' documents (`tests/corpus/readers`), which know nothing of the codecs, and
compared with what was recorded (`tests/corpus/compare.py`). On the diagonal the answer goes through the canonical form and
back, though the product passes the bytes through there. A third of the recordings, chosen by a hash of their id, is held
out: nobody looks at them while the codecs are written.

What no recording holds is made of the open ones: `tests/laws/test_variations.py` says each answer and asks each request
otherwise (other vendors' spellings, fields left out, null or unknown, several of a thing, other ids, other cuts, ways of
counting, endings), and all of that must come through as well.
{rates(found)}

## What does not

{causes_left(found)}

## What is forgiven

A difference is forgiven only where the target protocol has no place for the thing **and** the codec reported the loss:

{allowances()}

## Recordings that are not replayed

{left_out()}
"""
    (ROOT / "docs" / "fidelity.md").write_text(text, encoding="utf-8")
    fields_text = f"""# Every field, towards every protocol

Generated by `make fidelity` (`tools/fidelity.py --write`). Do not edit. For each field a request with it is rendered for a
target of each other protocol that nobody knows anything special about, and compared with the nearest request without it:
`→` names where it arrives; otherwise the loss is reported to the client (`x-plexus-fidelity`, trace, usage row), with its
kind and reason. Nothing vanishes silently (`tests/laws/test_no_silent_loss.py`).
{table_of_fields()}
"""
    (ROOT / "docs" / "fields.md").write_text(fields_text, encoding="utf-8")
