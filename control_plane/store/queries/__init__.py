"""What screens and other tools ask: read only, always within a scope, never by a scan of the transactions."""
