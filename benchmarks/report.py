"""Figures of a run as numbers, as a table for people, and as the block in docs/performance.md."""

import os
import platform
import statistics
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from benchmarks import planning, scenarios
from benchmarks.load import Measured
from benchmarks.processes import ROOT
from benchmarks.scenarios import Row

DOCUMENT = ROOT / "docs" / "performance.md"
_BUSY = 0.7
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


_BASES = {"unary": "bare", "stream": "bare", "books": "plain", "books, stream": "plain"}
"""What a scenario is a part of."""


class Line(Struct, kw_only=True):
    """One row of the table: medians over the rounds."""

    scenario: str
    server: str
    label: str
    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    memory_mb: float
    errors: int
    of_bare: float | None = None
    """Throughput as a part of the bare proxy's (`books`: of Plexus without them) in the same round, median over the rounds."""
    of_bare_by_cpu: float | None = None
    """The bare proxy's CPU per request as a part of this one's: what the throughput would be on a core of its own."""
    added_p50_ms: float | None = None
    """Against the upstream asked directly, same round."""
    goal: str = ""
    met: bool | None = None


class Outcome(Struct, kw_only=True):
    """Everything a run found."""

    machine: dict[str, str]
    lines: list[Line]
    start_s: list[float] = []
    memory_start_mb: float | None = None
    memory_end_mb: float | None = None
    missing: dict[str, str] = {}
    plans_us: dict[str, float] = {}
    """What a decision for an alias of ten targets costs, by selector."""
    busy: float = 0.0
    """The machine's load before the run: above a half or so, other work took part of the cores."""
    seconds: float = 0.0


def machine(loader: str, pinned: tuple[int, int] | None) -> dict[str, str]:
    """Facts about where the figures were made."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(": ")[2] for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0] if names else model
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return {
        "processor": f"{os.cpu_count()} x {model}",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load": loader,
        "cores": "server on one, load and upstream on the other" if pinned else "not pinned",
        "commit": commit or "unknown",
    }


def lines(rounds: Sequence[dict[int, Measured]], rows: Sequence[Row], *, busy: float = 0.0) -> list[Line]:
    """Medians over the rounds, and each row against the bare proxy and the upstream of its own round.

    On a busy machine parts of the bare proxy are judged by CPU: throughput then says who else was running.
    """
    found = []
    for number, row in enumerate(rows):
        mine = [each[number] for each in rounds if number in each]
        if not mine:
            continue
        line = Line(
            scenario=row.scenario,
            server=row.server,
            label=row.label,
            rate=_median(m.rate for m in mine),
            p50_ms=_median(m.p50 for m in mine) / 1000,
            p99_ms=_median(m.p99 for m in mine) / 1000,
            cpu_us=_median(m.cpu for m in mine),
            memory_mb=mine[-1].memory,
            errors=sum(m.errors for m in mine),
        )
        if (base := _BASES.get(row.scenario)) is not None:
            line.of_bare = _against(rounds, rows, number, base, lambda m, other: m.rate / other.rate)
            line.of_bare_by_cpu = _against(rounds, rows, number, base, lambda m, other: other.cpu / m.cpu)
            if row.goal is not None and line.of_bare is not None:
                reached = line.of_bare_by_cpu if busy > _BUSY else line.of_bare
                line.goal, line.met = f"≥ {row.goal:.0%}", (reached or 0) >= row.goal
        if row.scenario == "latency" and row.server != "upstream":
            line.added_p50_ms = _against(rounds, rows, number, "upstream", lambda m, other: (m.p50 - other.p50) / 1000)
            if row.server == "plexus" and line.added_p50_ms is not None:
                line.goal = f"≤ {scenarios.ADDED_P50_MS} ms added"
                line.met = line.added_p50_ms <= scenarios.ADDED_P50_MS
        if row.scenario == "large" and row.server == "plexus":
            line.goal, line.met = f"< {scenarios.LARGE_CPU_MS:.0f} ms CPU", line.cpu_us < scenarios.LARGE_CPU_MS * 1000
        found.append(line)
    return found


def _median(values: Any) -> float:
    return statistics.median(values)


def _against(
    rounds: Sequence[dict[int, Measured]],
    rows: Sequence[Row],
    number: int,
    server: str,
    compare: Callable[[Measured, Measured], float],
) -> float | None:
    scenario = rows[number].scenario
    other = next((n for n, row in enumerate(rows) if row.scenario == scenario and row.server == server), None)
    pairs = [(each[number], each[other]) for each in rounds if other is not None and {number, other} <= each.keys()]
    found = [compare(mine, theirs) for mine, theirs in pairs if theirs.rate and mine.cpu]
    return _median(found) if found else None


def table(outcome: Outcome) -> str:
    """The figures as Markdown, which reads as well in a terminal."""
    head = "| scenario | what | requests/s | p50 ms | p99 ms | CPU µs/request | of bare | by CPU | added p50 | goal | |"
    parts = [head, "|---|---|--:|--:|--:|--:|--:|--:|--:|---|---|"]
    parts += [_line(line) for line in outcome.lines]
    parts.append("")
    if outcome.start_s:
        median = statistics.median(outcome.start_s)
        parts.append(
            f"* start to first answer: {median:.2f} s (goal ≤ {scenarios.START_S} s){_mark(median <= scenarios.START_S)}"
        )
    if outcome.memory_end_mb is not None:
        verdict = _mark(outcome.memory_end_mb <= scenarios.MEMORY_MB)
        parts.append(
            f"* resident memory: {outcome.memory_start_mb:.0f} MB after the start, {outcome.memory_end_mb:.0f} MB after the run "
            f"(goal ≤ {scenarios.MEMORY_MB:.0f} MB){verdict}"
        )
    for name, cost in outcome.plans_us.items():
        goal = f" (goal ≤ {planning.GOAL_US:.0f} µs){_mark(cost <= planning.GOAL_US)}"
        told = name if name == planning.CONVERSATION else f"plan and selection among ten targets, `{name}`"
        parts.append(f"* {told}: {cost:.1f} µs{'' if name == planning.CONVERSATION else goal}")
    parts += [f"* {name}: not measured, {why}" for name, why in outcome.missing.items()]
    if outcome.busy > _BUSY:
        parts.append(
            f"* the machine was busy (load {outcome.busy:.1f} before the run): go by the CPU, not by requests/s"
        )
    facts = "; ".join(f"{name}: {value}" for name, value in outcome.machine.items())
    parts.append(f"* {facts}; took {outcome.seconds:.0f} s")
    return "\n".join(parts)


def _line(line: Line) -> str:
    cells = [
        line.scenario,
        line.label,
        f"{line.rate:,.0f}",
        f"{line.p50_ms:.2f}",
        f"{line.p99_ms:.2f}",
        f"{line.cpu_us:,.0f}",
        f"{line.of_bare:.0%}" if line.of_bare is not None else "",
        f"{line.of_bare_by_cpu:.0%}" if line.of_bare_by_cpu is not None else "",
        f"{line.added_p50_ms:+.2f} ms" if line.added_p50_ms is not None else "",
        line.goal,
        (_mark(line.met) if line.met is not None else "") + (f" {line.errors} errors" if line.errors else ""),
    ]
    return "| " + " | ".join(cell.strip() for cell in cells) + " |"


def _mark(met: bool) -> str:
    return " ✓" if met else " ✗"


def write(outcome: Outcome) -> None:
    """Replace the figures in the document, between its two markers."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise RuntimeError(f"{DOCUMENT.name} has no {BEGIN} … {END}")
    DOCUMENT.write_text(f"{before}{BEGIN}\n{table(outcome)}\n{END}{after}", encoding="utf-8")
