"""A fault does to the wire, and to the books, what its name says: in the twin itself and in the proxy before it."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from urllib.request import Request, urlopen

import httpx
import pytest

from connectors.twins.erp.app import create_app
from connectors.twins.erp.books import Books
from connectors.twins.faults import FaultScript, Kind, Moment, Rule
from connectors.twins.running import running_fault_proxy, running_in_thread
from connectors.twins.wires import NoWireError
from tests.connectors.twins.documents import posting
from tests.connectors.twins.raw import Seen, ask


class Place:
    """A twin behind its fault script, and the books that tell what was really done."""

    def __init__(self, url: str, books_url: str, script: FaultScript) -> None:
        self.url = url
        self.books_url = books_url
        self.script = script
        self.number = 0

    def post(self, *rules: Rule, wait: float = 3.0) -> Seen:
        self.number += 1
        self.script.replace(rules, seed=1)
        return ask(self.url, "POST", "/v1/documents", {"documents": [posting(f"R{self.number}")]}, wait)

    def booked(self) -> int:
        documents = ask(self.books_url, path="/twin/books").content["documents"]
        return sum(document["reference"] == f"R{self.number}" for document in documents)


@pytest.fixture(scope="module")
def twin() -> Iterator[Place]:
    script, books = FaultScript(), Books()
    with running_in_thread(create_app(books, faults=script)) as running:
        yield Place(running.url, running.url, script)
    books.close()


@pytest.fixture(scope="module")
def proxy() -> Iterator[Place]:
    script, books = FaultScript(), Books()
    with running_in_thread(create_app(books)) as running, running_fault_proxy(running.url, script) as before:
        yield Place(before.url, running.url, script)
    books.close()


@pytest.fixture(params=["twin", "proxy"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    found: Place = request.getfixturevalue(request.param)
    yield found
    found.script.replace(())


def test_without_a_rule_nothing_is_wrong(place: Place) -> None:
    seen = place.post()

    assert (seen.status, seen.end, place.booked()) == (200, "open", 1)


@pytest.mark.parametrize(
    ("kind", "end"),
    [(Kind.RESET, "reset"), (Kind.CLOSE, "closed"), (Kind.SWALLOW, "closed")],
)
@pytest.mark.parametrize(("moment", "count"), [(Moment.BEFORE, 0), (Moment.AFTER, 1)])
def test_an_answer_that_never_comes_says_nothing_about_the_booking(
    place: Place,
    kind: Kind,
    end: str,
    moment: Moment,
    count: int,
) -> None:
    seen = place.post(Rule(kind=kind, moment=moment, seconds=0.2))

    assert (seen.data, seen.end, place.booked()) == (b"", end, count)


def test_a_swallowed_answer_is_held_as_long_as_the_client_waits(place: Place) -> None:
    seen = place.post(Rule(kind=Kind.SWALLOW), wait=0.3)

    assert (seen.data, seen.end, place.booked()) == (b"", "silent", 1)


def test_a_refused_connection_carries_nothing_out(place: Place) -> None:
    seen = place.post(Rule(kind=Kind.REFUSE))

    assert (seen.end, place.booked()) == ("reset", 0)


def test_a_truncated_answer_ends_in_the_middle(place: Place) -> None:
    seen = place.post(Rule(kind=Kind.TRUNCATE))

    assert (seen.status, seen.end, place.booked()) == (200, "closed", 1)
    assert 0 < len(seen.body) < int(seen.header("content-length"))


@pytest.mark.parametrize("kind", [Kind.GARBAGE, Kind.HTML])
def test_a_success_without_json_proves_nothing(place: Place, kind: Kind) -> None:
    seen = place.post(Rule(kind=kind))

    assert (seen.status, place.booked()) == (200, 1)
    with pytest.raises(ValueError, match=r"Expecting|decode"):
        json.loads(seen.body)


@pytest.mark.parametrize("status", [502, 503, 504])
@pytest.mark.parametrize(("moment", "count"), [(Moment.BEFORE, 0), (Moment.AFTER, 1)])
def test_a_gateways_error_page_says_nothing_about_the_booking(
    place: Place,
    status: int,
    moment: Moment,
    count: int,
) -> None:
    seen = place.post(Rule(kind=Kind.STATUS, status=status, moment=moment))

    assert (seen.status, place.booked()) == (status, count)
    assert seen.body.startswith(b"<html>")


def test_a_dripping_answer_comes_whole_but_late(place: Place) -> None:
    seen = place.post(Rule(kind=Kind.DRIP, seconds=0.002))

    assert seen.content["results"][0]["status"] == "posted"
    assert seen.seconds > 0.002 * len(seen.body)


@pytest.mark.parametrize("moment", Moment)
def test_latency_delays_the_answer(place: Place, moment: Moment) -> None:
    seen = place.post(Rule(kind=Kind.LATENCY, seconds=0.2, moment=moment))

    assert (seen.status, place.booked()) == (200, 1)
    assert seen.seconds >= 0.2


def test_a_request_that_arrives_twice_is_answered_once(place: Place) -> None:
    seen = place.post(Rule(kind=Kind.DUPLICATE))

    assert seen.content["results"][0]["status"] == "posted"
    assert place.booked() == 1


def test_done_can_be_told_as_a_conflict(place: Place) -> None:
    seen = place.post(Rule(kind=Kind.CONFLICT))

    assert (seen.status, seen.content["results"][0]["status"], place.booked()) == (409, "posted", 1)


@pytest.mark.parametrize(("wanted", "told"), [(None, "1"), ("-5", "-5"), ("315360000", "315360000"), ("soon", "soon")])
def test_too_many_carries_nothing_out_and_may_ask_for_anything(place: Place, wanted: str | None, told: str) -> None:
    seen = place.post(Rule(kind=Kind.TOO_MANY, retry_after=wanted))

    assert (seen.status, seen.header("retry-after"), place.booked()) == (429, told, 0)


def test_a_wait_may_be_a_moment(place: Place) -> None:
    seen = place.post(Rule(kind=Kind.TOO_MANY, retry_after="http-date"))

    assert abs(parsedate_to_datetime(seen.header("retry-after")).timestamp() - time.time()) < 5


def test_a_connection_survives_what_a_fault_leaves_alive(place: Place) -> None:
    place.script.replace([Rule(kind=Kind.STATUS, count=1)])
    with httpx.Client(base_url=place.url, headers={"X-Api-Key": "sandbox-key"}) as client:
        assert [client.get("/v1/status").status_code for _ in range(3)] == [502, 200, 200]


def test_a_proxy_that_stopped_listening_refuses_and_comes_back_on_its_port() -> None:
    with running_in_thread(create_app(Books())) as twin, running_fault_proxy(twin.url, FaultScript()) as proxy:
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            ask(proxy.url)
        proxy.accept()
        assert ask(proxy.url).status == 200


def test_the_script_is_set_and_read_over_http() -> None:
    with running_in_thread(create_app(Books())) as twin:
        wanted = {"seed": 3, "rules": [{"kind": "reset", "path": "^/v1/", "count": 1}]}
        urlopen(Request(f"{twin.url}/twin/faults", json.dumps(wanted).encode(), method="PUT")).close()

        assert [ask(twin.url).end for _ in range(2)] == ["reset", "open"]
        told = ask(twin.url, path="/twin/faults").content
        assert (told["seed"], told["struck"]) == (3, [1])
        assert ask(twin.url, "PUT", "/twin/faults", {"rules": [{"kind": "flood"}]}).status == 422
        assert ask(twin.url, "DELETE", "/twin/faults").content["rules"] == []


def test_the_same_seed_strikes_the_same_requests() -> None:
    rules = [Rule(kind=Kind.RESET, probability=0.2), Rule(kind=Kind.DRIP, probability=0.5)]

    def struck(seed: int) -> list[Kind | None]:
        script = FaultScript(rules, seed=seed)
        faults = [script.next_fault("POST", "/v1/documents") for _ in range(500)]
        return [fault.kind if fault else None for fault in faults]

    assert struck(1) == struck(1) != struck(2)
    assert 60 < struck(1).count(Kind.RESET) < 140


def test_a_rule_strikes_where_when_and_how_often_it_says() -> None:
    rule = Rule(kind=Kind.RESET, method="POST", path="documents$", skip=1, count=2)
    script = FaultScript([rule])
    requests = [("GET", "/v1/documents"), ("POST", "/v1/documents/find"), *[("POST", "/v1/documents")] * 5]

    assert [script.next_fault(*request) is not None for request in requests] == [
        False,
        False,
        False,
        True,
        True,
        False,
        False,
    ]


async def test_a_fault_of_the_wire_needs_a_wire() -> None:
    app = create_app(Books(), faults=FaultScript([Rule(kind=Kind.RESET)]))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://erp", trust_env=False) as client:
        with pytest.raises(NoWireError):
            await client.get("/v1/status")


def test_a_proxy_that_stops_listening_resets_what_is_open() -> None:
    script = FaultScript([Rule(kind=Kind.LATENCY, seconds=5)])
    with (
        running_in_thread(create_app(Books())) as running,
        running_fault_proxy(running.url, script) as before,
        ThreadPoolExecutor(1) as threads,
    ):
        waiting = threads.submit(ask, before.url)
        _until(lambda: script.struck == [1])
        before.refuse()
        assert waiting.result(timeout=3).end == "reset"


def test_a_server_that_is_not_there_closes_the_connection() -> None:
    with running_in_thread(create_app(Books())) as running:
        gone = running.url
    with running_fault_proxy(gone, FaultScript()) as before:
        assert ask(before.url).end == "closed"


def _until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 3
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
