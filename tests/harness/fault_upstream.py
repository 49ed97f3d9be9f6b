"""An upstream that misbehaves in the way its model is named: `fault/reset-after-3`. `python -m tests.harness.fault_upstream`.

The faults themselves are in `faults/`; this file finds the one asked for and says what was received.
"""

import argparse
import asyncio
import re
import signal
import ssl
import sys

from tests.harness.faults import (
    Case,
    Fault,
    answered,
    content,
    encoding,
    event_stream,
    framing,
    rates,
    shape,
    transport,
)
from tests.harness.received import Received
from tests.harness.wire import Script
from tests.harness.wire_server import Plan, WireServer

FAULTS: dict[str, Fault] = {
    name: fault
    for table in (transport, framing, encoding, shape, rates, event_stream, content)
    for name, fault in table.FAULTS.items()
}
_NUMBER = re.compile(r"\d+")
RECEIVED_PATH = "/__received"
"""GET here for what was received so far, as JSON, when the server runs in another process."""


def find(name: str) -> tuple[str, Fault, str] | None:
    """The key in the table, the fault and its argument for a model name with or without `fault/`; None if unknown."""
    name = name.removeprefix("fault/")
    if name in FAULTS:
        return name, FAULTS[name], ""
    for number in _NUMBER.finditer(name):
        key = name[: number.start()] + "N" + name[number.end() :]
        if key in FAULTS:
            return key, FAULTS[key], number[0]
    return None


class FaultUpstream(WireServer):
    """Answers in chat, messages, responses and gemini. `default` is the fault of requests that name no model.

    `tempo` multiplies all delays: with 0.01 a dribble of a byte a second is one of a byte in 10 ms.
    """

    def __init__(
        self, *, port: int = 0, tempo: float = 1.0, tls: ssl.SSLContext | None = None, default: str = "ok"
    ) -> None:
        super().__init__(port=port, tempo=tempo, tls=tls)
        self.default = default

    def plan(self, model: str, received: Received) -> Plan:
        """The plan of the fault the model names."""
        found = find(model or self.default)
        if received.path == RECEIVED_PATH:
            return Plan(self._tell)
        if received.method == "GET" and received.path.endswith("/models") and self.default == "ok":
            return Plan(lambda _: answered({"object": "list", "data": [{"id": f"fault/{name}"} for name in FAULTS]}))
        if found is None:
            return Plan(lambda seen: answered(Case(seen).bodies.error(404, f"There is no fault {model!r}."), 404))
        key, fault, arg = found
        return Plan(lambda seen: fault(Case(seen, arg)), early=key in framing.EARLY)

    def _tell(self, _: Received) -> Script:
        return answered([seen.summary() for seen in self.received if seen.path != RECEIVED_PATH])


async def _run(port: int, tempo: float) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    async with FaultUpstream(port=port, tempo=tempo) as upstream:
        sys.stdout.write(f"{upstream.root}\n")
        sys.stdout.flush()
        await ended.wait()


def main() -> None:
    """Serve until told to end, after printing the address; or list the faults."""
    parser = argparse.ArgumentParser(description="An upstream that misbehaves as its model is named.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 picks one")
    parser.add_argument("--tempo", type=float, default=1.0, help="multiplies every delay")
    parser.add_argument("--list", action="store_true", help="print the names of all faults")
    chosen = parser.parse_args()
    if chosen.list:
        sys.stdout.write("\n".join(f"fault/{name}" for name in FAULTS) + "\n")
        return
    asyncio.run(_run(chosen.port, chosen.tempo))


if __name__ == "__main__":
    main()
