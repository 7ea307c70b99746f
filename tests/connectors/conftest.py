import hypothesis
import pytest

pytest.register_assert_rewrite("tests.suites.connector")

hypothesis.settings.register_profile("no hurry", deadline=None)
hypothesis.settings.load_profile("no hurry")
