"""Synthetic people in front of Human3.6M's cameras: captured or built-in motions on random bodies."""

from mvtri.datasets.synthetic_human36m.generator import SyntheticHuman36M, synthetic_human36m

__all__ = ["SyntheticHuman36M", "synthetic_human36m"]
