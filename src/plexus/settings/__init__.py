"""The configuration: one schema, and the homes it lives in."""
