"""How much a key may use: windows, reservations before a request and settlement after it."""
