"""One of several processes that write to the same SQLite file: `python -m tests.faults.writer URL NAME COUNT`."""

import json
import sys
import time

from control_plane.store.database import open_database
from control_plane.store.tables import CursorRow
from control_plane.store.troubles import DatabaseTroubleError
from tests.stands.runtime import MORNING


def main(url: str, name: str, count: int) -> None:
    """Write so many rows, a unit of work each, and print how many failed and how long the slowest took."""
    database, errors, slowest = open_database(url), 0, 0.0
    for number in range(count):
        began = time.monotonic()
        try:
            with database.write() as session:
                session.add(CursorRow(connection=name, stream=str(number), value="7", read_at=MORNING))
        except DatabaseTroubleError:
            errors += 1
        slowest = max(slowest, time.monotonic() - began)
    database.dispose()
    sys.stdout.write(json.dumps({"errors": errors, "slowest": slowest}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
