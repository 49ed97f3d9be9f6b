"""Claude Code, Codex, Gemini CLI and opencode, each through a real Plexus process onto each upstream protocol.

The upstream thinks, calls the client's shell tool and quotes its result; its signatures over the thinking are checked when
they come back, so that an altered or misplaced one fails the run.
"""

import asyncio
import sys
import time

import pytest

from plexus.demo import models
from plexus.demo.server import DemoServer
from tests.clients.e2e.programs import KEY, PROGRAMS, connect, run
from tests.clients.e2e.shell_model import BACK, FINAL, RAN, shell
from tests.harness.background import Background
from tests.harness.gateway import Gateway

UPSTREAMS = {
    "chat": "gpt-5.1",
    "messages": "claude-sonnet-4-5",
    "responses": "gpt-5.1-codex",
    "gemini": "gemini-2.5-pro",
}
"""Protocol → the model asked for there: of a family whose reasoning is told in that protocol's own words."""

OWN_WAYS = {("gemini-cli", "gemini"), ("opencode", "chat")}
"""Pairs of one protocol in which the client itself leaves thoughts out of what it sends back; its bytes go as they are."""


@pytest.fixture(scope="module")
def bases():
    """The base URL of each protocol of the simulated upstream."""

    async def start():
        server = DemoServer(sleep=lambda _: asyncio.sleep(0))
        return server, await server.start()

    with pytest.MonkeyPatch.context() as patch, Background() as background:
        for model in UPSTREAMS.values():
            patch.setitem(models.MODELS, model, shell)
        server, found = background.run(start())
        yield found
        background.run(server.stop())


@pytest.fixture(scope="module", params=UPSTREAMS)
def gateway(request, bases):
    protocol, model = request.param, UPSTREAMS[request.param]
    targets = {"targets": [{"provider": "simulated", "model": model}]}
    config = {
        "providers": {
            "simulated": {"api_base_url": {protocol: bases[protocol]}, "api_key": "sk-upstream", "models": [model]}
        },
        "models": {program.model: targets for program in PROGRAMS},
        "keys": {"e2e": {"secret": KEY}},
    }
    with Gateway(config, env={"LOG_FORMAT": "json"}) as running:
        yield running, protocol


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_a_real_client_runs_a_tool_and_reads_the_answer_in_two_turns(program, gateway, bin_folder, tmp_path):
    running, protocol = gateway
    before, began = len(running.output), time.monotonic()
    connect(program, tmp_path, running.base_url)
    for turn, command in enumerate((program.command, program.again), 1):
        done = run(program, command, bin_folder, tmp_path)
        told = f"turn {turn}:\n{done.said}\n--- gateway ---\n{running.output[before:]}"
        assert done.code == 0, told
        assert (tmp_path / "work" / "ran.txt").read_text().split() == [RAN] * turn, told
        assert f"{FINAL}: " in done.answer, told
        assert RAN in done.answer.partition(FINAL)[2], told
        assert '"status":"error"' not in running.output[before:], told
    back = int(done.answer.partition(f"{BACK}: ")[2][:1])
    assert back == (0 if (program.name, protocol) in OWN_WAYS else 2), told
    said = f"tool ran, answer arrived, twice ({time.monotonic() - began:.1f} s), {back} signed thoughts came back"
    sys.stdout.write(f"\n{program.name} -> {protocol}: {said}\n")
