import os
from pathlib import Path

import pytest


@pytest.fixture
def claims() -> Path | None:
    """A real event log of claims; None on a machine that has none."""
    folder = os.environ.get("TIEOUT_REFERENCE_DATA")
    return Path(folder) / "bpic2020" / "DomesticDeclarations.xes.gz" if folder else None


@pytest.fixture
def log(claims: Path | None) -> Path:
    """The same; without it the journey is skipped."""
    if claims is None:
        pytest.skip("needs the event logs: set TIEOUT_REFERENCE_DATA")
    return claims
