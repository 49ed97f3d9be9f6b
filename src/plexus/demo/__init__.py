"""The demo provider: a deterministic simulated upstream behind real codecs and a real socket."""
