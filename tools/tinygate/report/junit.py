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
        try:
            root = ET.parse(path).getroot()
        except (OSError, ET.ParseError) as error:
            raise EvidenceError(f"{path}: not a JUnit file ({error}); its pytest run did not finish") from error
        for suite in [root] if root.tag == "testsuite" else list(root):
            suite.set("name", path.stem)
            merged.append(suite)
    ET.indent(merged)
    content: bytes = ET.tostring(merged, encoding="utf-8", xml_declaration=True)
    return content
