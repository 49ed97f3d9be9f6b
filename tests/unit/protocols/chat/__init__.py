"""Tests of the chat completions codecs, one file per codec."""
