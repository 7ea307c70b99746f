"""What a faulty answer says: gateway pages, garbage, waits."""

from typing import Final

from connectors.twins.faults import Kind, Rule
from connectors.twins.gate import retry_after

GARBAGE: Final = b'{"results": [{"status": "pos\xff\xfe\x00'
_TITLES: Final = {502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout", 429: "Too Many Requests"}


def status_of(rule: Rule) -> int:
    """Return the HTTP status of the answer that a fault invents."""
    match rule.kind:
        case Kind.STATUS:
            return rule.status
        case Kind.TOO_MANY:
            return 429
        case _:
            return 200


def headers_of(rule: Rule) -> dict[str, str]:
    """Return the headers of the answer that a fault invents."""
    kind = "application/json" if rule.kind is Kind.GARBAGE else "text/html"
    asks_to_wait = rule.kind is Kind.TOO_MANY or rule.retry_after is not None
    wait = {"retry-after": retry_after(rule.retry_after, 1.0)} if asks_to_wait else {}
    return {"content-type": kind, **wait}


def body_of(rule: Rule) -> bytes:
    """Return the body of the answer that a fault invents."""
    if rule.kind is Kind.GARBAGE:
        return GARBAGE
    title = _TITLES.get(status_of(rule), "Welcome")
    return f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>".encode()
