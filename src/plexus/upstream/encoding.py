"""Providers that compress although nobody asked: their answers are decoded in bounded steps, or refused."""

from collections.abc import Iterator, Sequence

from plexus.core.decompress import CODINGS, Decompressor, Undecodable
from plexus.upstream.failures import UpstreamFailed


def decoder_for(codings: Sequence[str]) -> "AnswerDecoder | None":
    """The decoder for an answer's Content-Encoding headers, None for identity.

    Raises:
        UpstreamFailed: for an unknown coding or more than one.
    """
    names = [name.strip().lower() for line in codings for name in line.split(",")]
    wanted = [name for name in names if name not in {"", "identity"}]
    if not wanted:
        return None
    if len(wanted) > 1 or wanted[0] not in CODINGS:
        raise UpstreamFailed.because("upstream", "the provider's content encoding is not understood", "encoding")
    return AnswerDecoder(wanted[0])


class AnswerDecoder(Decompressor):
    """The same for a provider's answer: what cannot be decoded is the provider's failure."""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """As above, raising UpstreamFailed."""
        try:
            yield from super().pieces(data)
        except Undecodable as error:
            raise UpstreamFailed.because(
                "upstream", f"the provider's answer cannot be decoded: {error}", "encoding"
            ) from error

    def end(self) -> None:
        """As above, raising UpstreamFailed."""
        try:
            super().end()
        except Undecodable as error:
            raise UpstreamFailed.because(
                "upstream", f"the provider's answer cannot be decoded: {error}", "truncated"
            ) from error
