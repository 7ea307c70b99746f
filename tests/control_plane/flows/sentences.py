"""What a controller would read about a failure."""

from connectors.failures import Failure, remedy_of, sentence_of

DOCUMENT = {
    "document": "2026-0815",
    "amount": "100.00 EUR",
    "entity": "1000",
    "source": "concur",
    "target": "erp",
}


def told(failure: Failure) -> str:
    """Return sentence and remedy, and refuse gaps."""
    text = f"{sentence_of(failure, DOCUMENT)} {remedy_of(failure, DOCUMENT)}"
    assert "?" not in text
    assert "unlisted" not in failure.entry.sentence
    return text
