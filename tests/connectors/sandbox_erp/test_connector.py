from tests.suites.connector import SourceSuite, TargetSuite


class TestTheSandboxErpAsTarget(TargetSuite):
    pass


class TestTheSandboxErpAsSource(SourceSuite):
    pass
