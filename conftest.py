"""Loads the tinygate plugin, nothing else."""

pytest_plugins = ["tinygate.pytest_plugin"]
