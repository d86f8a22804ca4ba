"""pytest-embedded drives the board; tinygate says with which firmware, and measures it."""

from tinygate.plugin.target import *  # noqa: F403
