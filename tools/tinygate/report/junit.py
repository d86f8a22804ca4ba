"""Several pytest runs as one JUnit file, for the CI server that shows it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path

from tinygate.errors import EvidenceError


def merge(paths: Iterable[Path]) -> bytes:
    """Return one <testsuites> with the suites of all files. Raises EvidenceError for a file that is no JUnit."""
    merged = ET.Element("testsuites", name="tinygate")
    for path in paths:
        root = _root(path)
        for suite in [root] if root.tag == "testsuite" else list(root):
            suite.set("name", path.stem)
            merged.append(suite)
    ET.indent(merged)
    content: bytes = ET.tostring(merged, encoding="utf-8", xml_declaration=True)
    return content


def failures(path: Path) -> int:
    """Return how many tests of a pytest run failed or broke, as its JUnit file tells. Raises EvidenceError."""
    return sum(
        1 for case in _root(path).iter("testcase") if case.find("failure") is not None or case.find("error") is not None
    )


def _root(path: Path) -> ET.Element:
    try:
        return ET.parse(path).getroot()
    except (OSError, ET.ParseError) as error:
        raise EvidenceError(f"{path}: not a JUnit file ({error}); its pytest run did not finish") from error
