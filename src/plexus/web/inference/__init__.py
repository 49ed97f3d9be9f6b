"""One file per family of inference endpoints."""
