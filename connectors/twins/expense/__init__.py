"""The expense platform's twin: approved documents that wait to be fetched, posted, paid or recalled."""
