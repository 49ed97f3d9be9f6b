"""The OpenAI chat completions protocol, as server and as client."""
