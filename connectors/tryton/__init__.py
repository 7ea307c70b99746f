"""The connection to Tryton: books expense documents as moves, reads master data and payments."""
