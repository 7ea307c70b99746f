"""The proof that ships: demo, replay of event logs, and the check that uses only the outside's own books."""
