"""Settings of the tests of quantization."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("patient", deadline=None)  # the machine may be busy
settings.load_profile("patient")
