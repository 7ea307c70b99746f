"""What a team would pick instead, doing the same work as its documentation advises, on PostgreSQL."""
