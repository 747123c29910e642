"""Motion as joint angles in files: Acclaim (.asf, .amc), OpenSim (.mot); one module a format."""
