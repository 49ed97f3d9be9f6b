"""The body of a streamed answer: its pieces, and what is done once nobody wants more of them. Not what they are."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable


class Stream:
    """Pieces taken one after the other. To be closed, also when not one was taken: a generator alone would not notice."""

    __slots__ = ("_after", "_pieces")

    def __init__(self, pieces: AsyncGenerator[bytes, None], after: Callable[[], None]) -> None:
        """`after` is called when it is closed."""
        self._pieces, self._after = pieces, after

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces; they can be taken once."""
        return self._pieces

    async def aclose(self) -> None:
        """No further piece is wanted."""
        try:
            await self._pieces.aclose()
        finally:
            self._after()
