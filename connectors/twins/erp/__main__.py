"""Start the sandbox ERP: `python -m connectors.twins.erp`."""

import argparse
import sys

from starlette.types import ASGIApp

from connectors.twins.erp.app import create_app
from connectors.twins.erp.books import Books
from connectors.twins.erp.master_data import Seed
from connectors.twins.erp.settings import Settings
from connectors.twins.serving import arguments, serve


def main() -> int:
    """Serve the sandbox ERP until it is told to end; return the exit code."""
    parser = arguments("connectors.twins.erp", "A sandbox ERP with books of its own", 8802)
    parser.add_argument("--api-key", default=Settings().api_key)
    parser.add_argument("--grace", type=float, default=0.0, help="seconds until a document can be found")
    parser.add_argument("--inactive-project", action="append", help="repeatable")
    parser.add_argument("--closed-month", action="append", help="YYYY-MM, repeatable")
    return serve(parser.parse_args(), _build)


def _build(options: argparse.Namespace) -> ASGIApp:
    default = Seed()
    seed = Seed(
        inactive_projects=frozenset(options.inactive_project or default.inactive_projects),
        closed_months=frozenset(options.closed_month or default.closed_months),
    )
    books = Books(options.books, seed=seed, is_durable=not options.not_durable)
    return create_app(books, Settings(api_key=options.api_key, visibility_seconds=options.grace))


if __name__ == "__main__":
    sys.exit(main())
