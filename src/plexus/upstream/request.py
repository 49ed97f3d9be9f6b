"""A request sent by aiohttp's session, over a connection that is told so."""

import aiohttp
from aiohttp.connector import Connection

from plexus.upstream.line import Line


class LineRequest(aiohttp.ClientRequest):
    """What goes by the session: long bodies, proxies, other methods. `direct` sends the rest."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Send it.

        Raises:
            StaleConnection: when something has come already that nobody had asked for.
        """
        if isinstance(conn.protocol, Line):
            conn.protocol.carries()
        return await super().send(conn)
