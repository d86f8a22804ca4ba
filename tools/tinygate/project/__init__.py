"""A team's own repository: its settings, the files that make it one, and what its machine can do."""
