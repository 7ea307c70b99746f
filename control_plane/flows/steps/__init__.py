"""The steps: each puts one question to a document and returns all its failures at once."""
