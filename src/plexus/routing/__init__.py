"""From a model name to targets in order."""
