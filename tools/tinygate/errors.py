"""The errors tinygate raises on purpose. Whoever must act decides the branch.

    TinygateError
    ├── InputError            the user's file, option or data set: mend it and run again
    │   ├── ConfigError       a model.toml, named with file and key
    │   ├── DataError         a data set: missing, altered, wrong shape
    │   └── ModelFileError    a .tflite or its manifest: malformed, altered, not what was pinned
    ├── TargetError           the firmware under test: panicked, hung, answered wrongly  → FAIL
    ├── LabError              board, port, lock, power, flashing                         → ERROR, may be retried
    │   ├── LinkError         bytes between host and board: CRC, gap, truncation         → ERROR, may be retried
    │   └── IdentityError     not the board, app or model that was asked for             → ERROR
    └── EvidenceError         too little to decide, or evidence that cannot be trusted   → INCONCLUSIVE

Every message says what happened, what was expected and what to do.
"""

from __future__ import annotations


class TinygateError(Exception):
    """Base of every error that tinygate raises on purpose."""


class InputError(TinygateError):
    """The user's input cannot be used as it is."""


class ConfigError(InputError):
    """A model.toml that cannot be used; the message names file and key."""


class DataError(InputError):
    """A data set that is missing, altered or of the wrong shape."""


class ModelFileError(InputError):
    """A .tflite file or manifest that is malformed, altered or not the pinned one."""


class TargetError(TinygateError):
    """The firmware under test misbehaved: verdict FAIL."""


class UnbootableError(TargetError):
    """A board that was flashed boots nothing: FAIL once it was flashed again, for another board may stand there now."""


class LabError(TinygateError):
    """Board, port, lock, power or flashing failed: verdict ERROR."""


class LinkError(LabError):
    """Bytes between host and board were lost, repeated or altered."""


class IdentityError(LabError):
    """The board, app or model that answered is not the one that was asked for."""


class EvidenceError(TinygateError):
    """There is too little evidence to decide, or it cannot be trusted: verdict INCONCLUSIVE."""
