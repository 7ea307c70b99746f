"""The rules, as pure functions over frozen facts: no database, network, clock, randomness, log or settings."""
