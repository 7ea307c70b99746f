"""The command line beside a running API over a database in the test's hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner, Result

from connectors.twins.running import running_in_thread
from control_plane.cli.app import app
from tests.control_plane.acts.bulk_stand import BulkStand


@dataclass(frozen=True, slots=True)
class Desk:
    """What a test types, under whose key."""

    stand: BulkStand
    config: Path

    def run(self, key: str, *arguments: str, pasted: str | None = None) -> Result:
        command = [*arguments, "--config", str(self.config), "--key", key]
        return CliRunner().invoke(app, command, input=pasted)


@contextmanager
def desk_over(stand: BulkStand, folder: Path) -> Iterator[Desk]:
    """Give a desk whose API runs until the end of the block."""
    with running_in_thread(stand.app()) as server:
        config = folder / "tieout.toml"
        config.write_text(f'[api]\nurl = "{server.url}"\n')
        yield Desk(stand, config)
