"""The management API under `/v0/management`. Everything but its door is imported when the first request has come through it."""
