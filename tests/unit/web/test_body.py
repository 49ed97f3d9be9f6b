"""A body that was taken in can be taken in once more."""

from plexus.web.body import replayed


async def test_a_body_is_replayed_once_and_then_the_connection_tells_what_comes():
    async def gone():
        return {"type": "http.disconnect"}

    receive = replayed(b"body", gone)
    assert await receive() == {"type": "http.request", "body": b"body", "more_body": False}
    assert await receive() == {"type": "http.disconnect"}
