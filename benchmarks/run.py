"""Plexus beside a bare proxy and nginx: `python -m benchmarks.run`. Prints a table; `--help` for the rest.

Everything runs on loopback. Rounds are interleaved (A B C A B C …), because machines are noisy and drift.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from benchmarks import planning, report
from benchmarks.load import Loader, Measured
from benchmarks.processes import cores, exchange
from benchmarks.report import Outcome
from benchmarks.scenarios import LARGE, ROWS, SCENARIOS, Row
from benchmarks.servers import Field

_LONGEST = 240.0


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--only", action="append", choices=SCENARIOS, help="this scenario (may be repeated)")
    parser.add_argument("--servers", default="bare,nginx,plain,plexus", help="which to start, by commas")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2, help="load per round and row")
    parser.add_argument("--own-loader", action="store_true", help="do not use wrk")
    parser.add_argument("--json", action="store_true", help="print figures as JSON instead of a table")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    return parser.parse_args()


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def checked(field: Field, row: Row) -> None:
    """The server's answer to the row's request is right, or the row would measure nothing."""
    answer = exchange(field.running[row.server].port, row.request.wire)
    right = answer.startswith(b"HTTP/1.1 200") and answer.count(row.expect) >= max(1, row.events)
    if not right or row.header not in answer.lower():
        raise SystemExit(f"{row.scenario}, {row.label}: not the answer expected: {answer[:600]!r}")


def measured(
    field: Field, loader: Loader, chosen: argparse.Namespace, busy: float, deadline: float
) -> list[report.Line]:
    """All rounds of all rows wanted, as lines of the table."""
    rows = [row for row in (*ROWS, *LARGE) if row.server in field.running and row.scenario in chosen.only]
    for row in rows:
        checked(field, row)
    rounds: list[dict[int, Measured]] = []
    for turn in range(chosen.rounds):
        if time.perf_counter() > deadline:
            say(f"time is up after {turn} rounds")
            break
        say(f"round {turn + 1} of {chosen.rounds}")
        rounds.append({number: _once(field, loader, row, chosen.seconds) for number, row in enumerate(rows)})
    return report.lines(rounds, rows, busy=busy)


def _once(field: Field, loader: Loader, row: Row, seconds: int) -> Measured:
    server = field.running[row.server]
    if row.scenario == "large":
        loader.count(server, row.request, 3)
        return loader.count(server, row.request, 40)
    return loader.run(server, row.request, row.connections, seconds)


def measure(chosen: argparse.Namespace, room: Path) -> Outcome:
    began = time.perf_counter()
    loader = Loader(room, (cores() or (None, None))[1], wrk=not chosen.own_loader)
    outcome = Outcome(machine=report.machine(loader.name, cores()), lines=[], busy=os.getloadavg()[0])
    with Field(room) as field:
        for name in chosen.servers.split(","):
            field.add(name)
        plexus = field.running.get("plexus")
        if plexus is not None:
            outcome.memory_start_mb = plexus.resident()
            if "start" in chosen.only:
                outcome.start_s = [field.started_again("plexus") for _ in range(3)]
        outcome.lines = measured(field, loader, chosen, outcome.busy, began + _LONGEST)
        if plexus is not None:
            outcome.memory_end_mb = plexus.resident()
        outcome.missing = field.missing
    if "plan" in chosen.only:
        outcome.plans_us = planning.costs()
    outcome.seconds = time.perf_counter() - began
    return outcome


def main() -> int:
    chosen = options()
    chosen.only = chosen.only or list(SCENARIOS)
    # Being asked to stop must still stop what was started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="plexus-bench-") as room:
        outcome = measure(chosen, Path(room))
    print(msgspec.json.encode(outcome).decode() if chosen.json else report.table(outcome))
    if chosen.write:
        report.write(outcome)
    wanted = set(chosen.servers.split(",")) - {"nginx"}
    return 1 if wanted & set(outcome.missing) or any(line.errors for line in outcome.lines) else 0


if __name__ == "__main__":
    sys.exit(main())
