"""Client API keys: from a presented credential to the key it belongs to."""
