"""Foundations that know nothing of the product: clock, ids, registry, server-sent events, raw JSON."""
