"""A real Tryton 8.2 in a virtual environment of its own; we speak HTTP with it and import none of its code."""
