"""One file per provider: a declaration of base URLs, authentication, protocols spoken and quirks. No code paths."""
