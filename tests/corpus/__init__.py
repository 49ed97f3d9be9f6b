"""Proof on recorded traffic: recordings, neutral readers of four wires, what "says the same" means, and the runs."""
