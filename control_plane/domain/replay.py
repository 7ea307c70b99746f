"""Replay: how a document is delivered again from what is kept of it."""

from enum import StrEnum


class AsOf(StrEnum):
    """By which mapping and master data a document is delivered again."""

    THEN = "then"
    """Those it was bound by: the ERP documents are kept as they were meant, and sent as they are."""
    NOW = "now"
    """Those of today: the envelope is read and checked anew."""
