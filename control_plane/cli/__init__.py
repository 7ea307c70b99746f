"""The command line: processes are started here, everything else is asked of the API."""
