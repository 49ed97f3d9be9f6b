"""The Anthropic messages protocol, as server and as client."""
