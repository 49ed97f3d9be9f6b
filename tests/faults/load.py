"""Clients that go on asking, streams and whole answers in every pair of protocols, and remember what each was answered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.faults.kit import PROTOCOLS, body_of, path_of
from tests.faults.told import told, whole
from tests.harness.faults import pieces
from tests.harness.raw_client import RawClient, request

FAULTS = ("ok", "paced-20")
TEXT = "".join(pieces())


@dataclass
class Load:
    """`right` are the ids of requests that were answered well and to the end, `unbooked` of those that were refused because
    they could not be written down; `wrong` is what else was seen."""

    base_url: str
    secret: str
    right: list[str] = field(default_factory=list)
    unbooked: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    _over: bool = False

    @asynccontextmanager
    async def by(self, clients: int, pause: float) -> AsyncIterator[None]:
        """So many clients at work until the block ends, each resting a while between two requests; all are answered then."""
        asking = [asyncio.create_task(self._client(number, pause)) for number in range(clients)]
        try:
            yield
        finally:
            self._over = True
            await asyncio.gather(*asking)

    async def more(self, requests: int) -> None:
        """Wait until so many more were answered."""
        until = self._answered() + requests
        async with asyncio.timeout(60):
            while self._answered() < until:  # noqa: ASYNC110 - plain lists
                await asyncio.sleep(0.01)

    def _answered(self) -> int:
        return len(self.right) + len(self.unbooked) + len(self.wrong)

    async def _client(self, number: int, pause: float) -> None:
        turn = number
        while not self._over:
            turn += 1
            stream = turn % 3 != 0
            await self._ask(PROTOCOLS[number % 4], PROTOCOLS[turn % 4], FAULTS[turn % 2], stream=stream)
            await asyncio.sleep(pause)

    async def _ask(self, client: str, upstream: str, fault: str, *, stream: bool) -> None:
        model = f"direct/{upstream}/fault/{fault}"
        path = path_of(client, model, stream=stream)
        wire = request(
            "POST", path, body_of(client, model, stream=stream), [("authorization", f"Bearer {self.secret}")]
        )
        try:
            async with await RawClient.connect(self.base_url) as connection:
                await connection.send(wire)
                answer = await connection.read_response(within=60)
        except (OSError, EOFError, TimeoutError) as error:
            self.wrong.append(f"{path}: {error!r}")
            return
        if answer.status == 200 and answer.complete:
            seen = (told if stream else whole)(client, answer.body)
            if seen.normal and seen.text == TEXT:
                self.right.append(answer.header("x-plexus-request-id"))
                return
        if answer.status == 503 and answer.header("retry-after") and b"cannot write down what" in answer.body:
            self.unbooked.append(answer.header("x-plexus-request-id"))
            return
        self.wrong.append(f"{path}: {answer.status} {answer.body[-300:]!r}")
