"""Loads the tinygate plugin, nothing else."""

pytest_plugins = ["tinygate.plugin"]
