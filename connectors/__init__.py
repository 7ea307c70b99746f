"""The border: our vocabulary, the contract, and those who speak with the outside."""
