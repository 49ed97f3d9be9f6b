"""The test-suite: laws, golden recordings, real servers and real clients."""
