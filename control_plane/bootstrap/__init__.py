"""The only place where parts meet: clock, database, connectors, engine, API, scheduler and screen."""
