"""The ERP's twin: a sandbox ERP that books what is valid, refuses what is not, and forgets nothing."""
