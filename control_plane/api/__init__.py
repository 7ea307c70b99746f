"""The HTTP surface: it translates between requests and the rooms below, and does nothing else."""
