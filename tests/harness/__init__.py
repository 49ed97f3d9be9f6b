"""Tools the tests share: simulated upstreams, a raw client, a driver for the real process. See README.md here."""
