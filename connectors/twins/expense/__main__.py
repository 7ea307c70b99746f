"""Start the expense platform: `python -m connectors.twins.expense`."""

import argparse
import sys

from starlette.types import ASGIApp

from connectors.twins.expense.app import create_app
from connectors.twins.expense.books import Books
from connectors.twins.expense.settings import Settings
from connectors.twins.serving import arguments, serve


def main() -> int:
    """Serve the expense platform until it is told to end; return the exit code."""
    default = Settings()
    parser = arguments("connectors.twins.expense", "An expense platform with books of its own", 8801)
    parser.add_argument("--client-id", default=default.client_id)
    parser.add_argument("--client-secret", default=default.client_secret)
    parser.add_argument("--token-seconds", type=float, default=default.token_seconds)
    return serve(parser.parse_args(), _build)


def _build(options: argparse.Namespace) -> ASGIApp:
    settings = Settings(
        client_id=options.client_id,
        client_secret=options.client_secret,
        token_seconds=options.token_seconds,
    )
    return create_app(Books(options.books, is_durable=not options.not_durable), settings)


if __name__ == "__main__":
    sys.exit(main())
