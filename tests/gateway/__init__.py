"""The whole gateway in this process, over real sockets on loopback."""
