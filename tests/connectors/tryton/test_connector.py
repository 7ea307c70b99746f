import pytest

from tests.suites.connector import SourceSuite, TargetSuite

pytestmark = pytest.mark.tryton


class TestTrytonAsTarget(TargetSuite):
    pass


class TestTrytonAsSource(SourceSuite):
    pass
