"""Plexus: a universal gateway for LLM APIs."""

__version__ = "0.1.0"
