"""Running servers that play the outside: own protocol, own books, own faults, nothing of ours imported."""
