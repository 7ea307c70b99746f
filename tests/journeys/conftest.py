import os
from pathlib import Path

import pytest


@pytest.fixture
def log() -> Path:
    """A real event log; without it the journey is skipped."""
    folder = os.environ.get("TIEOUT_REFERENCE_DATA")
    if not folder:
        pytest.skip("needs the event logs: set TIEOUT_REFERENCE_DATA")
    return Path(folder) / "bpic2020" / "DomesticDeclarations.xes.gz"
