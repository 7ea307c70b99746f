"""Draft the next migration: `python -m control_plane.store.migrations What changes`."""

import sys

from control_plane.store.migrations import draft

sys.stdout.write(f"{draft(' '.join(sys.argv[1:]))}\n")
