"""The arithmetic of the benchmark: ratios within a round, medians over rounds, goals."""

import pytest
from benchmarks import report
from benchmarks.bodies import CHUNKS, chat_answer, chat_stream, messages_stream
from benchmarks.load import Measured, Request
from benchmarks.report import BEGIN, END, Line, Outcome
from benchmarks.scenarios import Row


def row(server, scenario="unary", goal=None):
    return Row(
        scenario=scenario,
        server=server,
        label=f"{server}'s",
        request=Request("/v1/chat/completions", b"", {}),
        goal=goal,
    )


def seen(rate, p50=1000.0, cpu=100.0, errors=0):
    return Measured(requests=int(rate), seconds=1.0, p50=p50, p99=2 * p50, errors=errors, cpu=cpu, memory=64.0)


def test_a_ratio_is_taken_within_its_round_and_the_median_over_rounds():
    rounds = [
        {0: seen(1000), 1: seen(500)},
        {0: seen(2000), 1: seen(600)},
        {0: seen(100), 1: seen(60)},
    ]
    bare, plexus = report.lines(rounds, [row("bare"), row("plexus", goal=0.5)])
    assert bare.of_bare == 1
    assert plexus.of_bare == pytest.approx(0.5)
    assert plexus.met is True


def test_the_ratio_by_cpu_does_not_mind_who_else_ran():
    rows = [row("bare"), row("plexus")]
    _, plexus = report.lines([{0: seen(1000, cpu=100), 1: seen(10, cpu=200)}], rows)
    assert plexus.of_bare_by_cpu == pytest.approx(0.5)


def test_on_a_busy_machine_the_goal_is_judged_by_cpu():
    rows = [row("bare"), row("plexus", goal=0.5)]
    starved = [{0: seen(1000, cpu=100), 1: seen(10, cpu=150)}]
    assert report.lines(starved, rows, busy=5.0)[1].met is True
    assert report.lines(starved, rows)[1].met is False


def test_a_busy_machine_is_told():
    assert "the machine was busy" in report.table(Outcome(machine={}, lines=[], busy=3.0))
    assert "the machine was busy" not in report.table(Outcome(machine={}, lines=[], busy=0.2))


def test_a_goal_that_is_missed_is_said_to_be_missed():
    _, plexus = report.lines([{0: seen(1000), 1: seen(499)}], [row("bare"), row("plexus", goal=0.5)])
    assert plexus.met is False
    assert plexus.goal == "≥ 50%"


def test_added_latency_is_against_the_upstream_asked_directly():
    rows = [row("upstream", "latency"), row("plexus", "latency")]
    direct, plexus = report.lines([{0: seen(10, p50=100), 1: seen(10, p50=700)}], rows)
    assert direct.added_p50_ms is None
    assert plexus.added_p50_ms == pytest.approx(0.6)
    assert plexus.met is False


def test_a_large_request_is_judged_by_its_cpu():
    _, plexus = report.lines([{0: seen(10), 1: seen(10, cpu=14_000)}], [row("bare", "large"), row("plexus", "large")])
    assert plexus.met is True


def test_errors_are_added_up_and_shown():
    (line,) = report.lines([{0: seen(10, errors=1)}, {0: seen(10, errors=2)}], [row("bare")])
    assert line.errors == 3
    assert "3 errors" in report.table(Outcome(machine={}, lines=[line]))


def test_writing_replaces_what_is_between_the_markers_and_nothing_else(tmp_path, monkeypatch):
    document = tmp_path / "performance.md"
    document.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(report, "DOCUMENT", document)
    line = Line(
        scenario="unary", server="bare", label="new", rate=1, p50_ms=1, p99_ms=1, cpu_us=1, memory_mb=1, errors=0
    )
    report.write(Outcome(machine={}, lines=[line]))
    text = document.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"\n{END}\nafter\n")
    assert "| unary | new |" in text
    assert "old" not in text


def test_the_simulated_answers_are_framed_as_http():
    head, _, body = chat_answer().partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}".encode() in head
    for stream in (chat_stream(), messages_stream()):
        assert stream[-1] == b"0\r\n\r\n"
        assert len(stream) > CHUNKS
        for chunk in stream[1:-1]:
            size, _, rest = chunk.partition(b"\r\n")
            assert len(rest) == int(size, 16) + 2
