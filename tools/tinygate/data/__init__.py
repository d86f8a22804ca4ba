"""Data sets: where they come from, how they are cut into windows and split so that nothing leaks."""

from tinygate.data.dataset import Dataset, Split
from tinygate.data.judged import Judged

__all__ = ["Dataset", "Judged", "Split"]
