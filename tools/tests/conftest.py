"""No test remembers its runs in the checkout's store."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _a_store_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        if "TINYGATE_STORE" not in os.environ:
            patch.setenv("TINYGATE_STORE", str(tmp_path_factory.mktemp("store")))
        yield
