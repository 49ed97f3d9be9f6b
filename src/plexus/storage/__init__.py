"""Where state lives: the database on SQLite or PostgreSQL, the journal on local disk, and encryption at rest."""
