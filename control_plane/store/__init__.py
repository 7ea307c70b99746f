"""What is on record: SQLite and PostgreSQL behind the same code."""
