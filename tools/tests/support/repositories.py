"""Git repositories of a test's own."""

from __future__ import annotations

import subprocess
from pathlib import Path

_WHO = ["-c", "user.name=A team", "-c", "user.email=team@example.org", "-c", "init.defaultBranch=main"]


def git(*words: str, folder: Path) -> str:
    """Run git in a folder and return what it printed."""
    command = ["git", *_WHO, *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def commit_all(folder: Path) -> None:
    """Make a repository of a folder and commit all that is in it."""
    git("init", "-q", folder=folder)
    git("add", "-A", folder=folder)
    git("commit", "-q", "-m", "First", folder=folder)
