"""The straight line of a request, and what it calls that is about requests as a whole."""
