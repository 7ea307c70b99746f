"""The gate in front of a twin delays and limits, and tells how long to wait."""

from email.utils import parsedate_to_datetime

import httpx

from connectors.twins.gate import Bucket, Pace, retry_after
from tests.connectors.twins.in_process import Twin


class Watch:
    """Seconds that the test counts."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_passes_then_the_rate_counts() -> None:
    watch, pace = Watch(), Pace(requests_per_second=2, burst=3)
    bucket = Bucket(watch)

    assert [bucket.wait_for(pace) for _ in range(4)] == [0, 0, 0, 0.5]
    watch.now += 0.5
    assert [bucket.wait_for(pace) for _ in range(2)] == [0, 0.5]


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    watch, pace = Watch(), Pace(requests_per_second=10, burst=1)
    bucket = Bucket(watch)
    bucket.wait_for(pace)
    watch.now += 60

    assert [bucket.wait_for(pace) for _ in range(2)] == [0, 0.1]


def test_the_wait_is_told_as_seconds_as_a_moment_or_as_anything() -> None:
    assert retry_after(None, 0.2) == "1"
    assert retry_after("forever", 0.2) == "forever"
    assert parsedate_to_datetime(retry_after("http-date", 2)).tzinfo is not None


async def statuses(twin: Twin, path: str, times: int) -> list[int]:
    answers: list[httpx.Response] = [await twin.client.get(path) for _ in range(times)]
    return [answer.status_code for answer in answers]


async def test_a_twin_above_its_limit_answers_429_but_not_to_the_hand_behind_the_curtain(erp: Twin) -> None:
    await erp.patch("/twin/settings", {"pace": {"requests_per_second": 0.001, "burst": 2, "retry_after": "7"}})

    assert await statuses(erp, "/v1/status", 3) == [200, 200, 429]
    assert await statuses(erp, "/twin/ready", 3) == [200, 200, 200]
    refused = await erp.client.get("/v1/status")
    assert (refused.headers["Retry-After"], refused.json()["error"]["code"]) == ("7", "rate_limited")


async def test_settings_are_merged_and_unknown_ones_refused(erp: Twin) -> None:
    settings = await erp.patch("/twin/settings", {"pace": {"latency_seconds": 0.01}})

    assert (settings["pace"]["latency_seconds"], settings["pace"]["burst"]) == (0.01, 10)
    assert (await erp.client.patch("/twin/settings", json={"speed": 1})).status_code == 422
    assert await statuses(erp, "/v1/status", 1) == [200]
