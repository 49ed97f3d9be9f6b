"""One file per change made to a canonical request between decoding and encoding."""
