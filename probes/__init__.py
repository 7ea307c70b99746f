"""Named questions about the figures, each answered yes or no with evidence."""
