"""The floor that decides: rooms from the command line down to the domain."""
