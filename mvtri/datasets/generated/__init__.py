"""People that do not exist before Human3.6M's cameras: captured or our own motions on our bodies."""

from mvtri.datasets.generated.generator import SyntheticHuman36M, synthetic_human36m

__all__ = ["SyntheticHuman36M", "synthetic_human36m"]
