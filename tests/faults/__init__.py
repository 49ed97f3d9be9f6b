"""Faults and bad input at the real gateway, over real sockets, each named by its row of the list of faults."""
