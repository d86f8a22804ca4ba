"""A pytest plugin that empties one check of the suite, as a careless edit would."""


def pytest_collection_finish() -> None:
    """Let the check judge nothing."""
    from tinygate.suites.host import soundness

    def nothing(variant: object, audit_rule: object, judge: object) -> None:
        """Judge nothing."""

    soundness.test_the_quantization_keeps_the_rule.__code__ = nothing.__code__
