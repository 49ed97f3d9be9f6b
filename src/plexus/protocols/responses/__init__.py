"""The OpenAI responses protocol, as server and as client."""
