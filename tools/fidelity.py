"""Replays recorded traffic through the codecs and says what came through: rates per pair, causes, single cases.

    tools/fidelity.py                              rates of all pairs
    tools/fidelity.py --client chat --show 3       causes towards chat clients, with ids
    tools/fidelity.py --id ID --client messages    one recording, both sides and the difference
    tools/fidelity.py --write                      docs/fidelity.md

`--client` is the protocol a client speaks, `--upstream` the provider's, for answers and requests alike.
Details of the held-out third are never printed, only counts.
"""

import argparse
import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.corpus import replay, report, verdicts  # noqa: E402 - the tests are found from the root of the repository
from tests.corpus.readers import READERS  # noqa: E402
from tests.corpus.recordings import Recording, all_recordings, held_out  # noqa: E402


def main() -> int:
    options = arguments()
    for name, reason in missing().items():
        print(f"missing: {name} ({reason})")
    if options.id:
        return show_one(options)
    found = list(run(options))
    print(report.rates(found))
    if options.show is not None or options.client or options.upstream:
        print_causes(found, options.show if options.show is not None else 3)
    if options.write:
        report.write(found)
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--client", default="", choices=["", *verdicts.NAMES])
    parser.add_argument("--upstream", default="", choices=["", *verdicts.NAMES])
    parser.add_argument("--kind", default="", choices=["", "answers", "requests"])
    parser.add_argument("--part", default="all", choices=["open", "held-out", "all"])
    parser.add_argument("--show", type=int, help="examples to show per cause")
    parser.add_argument("--id", default="", help="one recording in full")
    parser.add_argument("--write", action="store_true", help="write docs/fidelity.md")
    return parser.parse_args()


def missing() -> dict[str, str]:
    replay.protocols()
    return replay.missing()


def run(options: argparse.Namespace) -> list[verdicts.Verdict]:
    """Both runs, narrowed as asked."""
    clients = (options.client,) if options.client else verdicts.NAMES
    upstreams = (options.upstream,) if options.upstream else verdicts.NAMES
    found: list[verdicts.Verdict] = []
    if options.kind != "requests":
        found += verdicts.answers(clients, options.upstream, options.part)
    if options.kind != "answers":
        found += verdicts.requests(upstreams, options.client, options.part)
    return found


def print_causes(found: list[verdicts.Verdict], examples: int) -> None:
    """Differences of the open part grouped by cause; only their number for the held-out part."""
    causes: Counter[str] = Counter()
    cases: dict[str, list[str]] = defaultdict(list)
    held: Counter[str] = Counter()
    for verdict in found:
        where = f"{verdict.recording.protocol} → {verdict.other} ({verdict.mode})"
        if verdict.held:
            held.update(f"{where:32} {line.partition(':')[0]}" for line in verdict.differences)
            continue
        for line in verdict.differences:
            cause = f"{where:32} {report.cause(line)}"
            causes[cause] += 1
            cases[cause].append(f"        {verdict.recording.id}  {line}")
    for cause, count in causes.most_common():
        print(f"{count:5}  {cause}")
        print("\n".join(cases[cause][:examples]))
    print("held out, by kind of difference only:")
    for cause, count in held.most_common():
        print(f"{count:5}  {cause}")


def show_one(options: argparse.Namespace) -> int:
    """One recording: what was recorded, what came out, and how they differ."""
    chosen = [recording for recording in all_recordings() if recording.id == options.id]
    if not chosen or held_out(options.id):
        print("no such recording, or held out")
        return 1
    recording = chosen[0]
    if options.kind != "requests":
        show_answer(recording, options.client)
    if options.kind != "answers":
        show_request(recording, options.upstream)
    return 0


def show_answer(recording: Recording, client: str) -> None:
    print(f"== recorded answer ({recording.protocol}, {recording.vendor})\n{recording.response_body[:6000]}")
    if not recording.protocol or recording.protocol not in replay.protocols():
        return
    print("== it says\n", READERS[recording.protocol].answer(recording.response_body, streaming=recording.streaming))
    answer = replay.upstream_answer(recording)
    print("== events")
    for event in answer[0][:60]:
        print("  ", str(event)[:400])
    for name in [client] if client else [n for n in verdicts.NAMES if n in replay.protocols()]:
        for mode, told in replay.tell(recording, name, answer).items():
            print(f"== to {name} ({mode})\n{told.body[:6000]}\ndrops: {told.drops}\nfault: {told.fault}")
        for verdict in verdicts.answer_verdicts(recording, (name,)):
            print(f"   {verdict.mode}: {'same' if verdict.passed else verdict.differences}")


def show_request(recording: Recording, upstream: str) -> None:
    print(f"== recorded request ({recording.protocol})\n{json.dumps(recording.request, indent=1)[:6000]}")
    if recording.protocol not in replay.protocols() or not isinstance(recording.request, dict):
        return
    print("== it asks\n", READERS[recording.protocol].request(recording.request))
    for name in [upstream] if upstream else [n for n in verdicts.NAMES if n in replay.protocols()]:
        sent = replay.send(recording, name)
        print(f"== to {name}\n{json.dumps(sent.body, indent=1)[:6000]}\ndrops:")
        print("\n".join(f"   {drop}" for drop in sent.drops))
        verdict = verdicts.request_verdict(recording, name)
        print(f"   {'same' if verdict.passed else verdict.differences}")


if __name__ == "__main__":
    sys.exit(main())
