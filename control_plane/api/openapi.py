"""Prints docs/openapi.json from the routes: `python -m control_plane.api.openapi > docs/openapi.json`."""

import json
import sys

from control_plane.api.app import routed


def contract_text() -> str:
    """Return the text of `docs/openapi.json`."""
    return json.dumps(routed().openapi(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(contract_text())
