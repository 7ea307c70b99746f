import pytest

from control_plane.proof.simulator.stage import Commit, ProcessDiedError, Stage
from control_plane.store import connections
from control_plane.store.troubles import DatabaseAwayError
from tests.stands.runtime import MORNING

PAUSED = "SELECT name FROM connection WHERE paused_at IS NOT NULL"


def pause(stage: Stage, ending: Commit) -> None:
    with stage.meeting(ending), stage.database.write() as session:
        connections.pause(session, "erp", reason="person", now=MORNING)


@pytest.mark.parametrize(("ending", "error"), [(Commit.DIES, ProcessDiedError), (Commit.AWAY, DatabaseAwayError)])
def test_what_ends_before_its_commit_never_was(one: Stage, ending: Commit, error: type[BaseException]) -> None:
    one.restore()

    with pytest.raises(error):
        pause(one, ending)

    assert one.rows(PAUSED) == []


def test_what_is_committed_unheard_is_on_record(one: Stage) -> None:
    one.restore()

    with pytest.raises(DatabaseAwayError):
        pause(one, Commit.UNHEARD)

    assert one.rows(PAUSED) == [("erp",)]


def test_a_restored_stage_is_at_its_beginning(one: Stage) -> None:
    pause(one, Commit.DONE)

    one.restore()

    assert one.rows(PAUSED) == []
    pause(one, Commit.DONE)
    assert one.rows(PAUSED) == [("erp",)]
