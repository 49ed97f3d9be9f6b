"""The demo provider: a deterministic upstream inside the process, simulated and marked so, that speaks all four protocols."""
