"""What is kept of exchanges so that they can be looked at: which, redacted how, and where."""
