"""The benchmark of 2D detectors: labelled people and what was found of them, scores, tables and report."""

from mvtri.benchmark.detectors.labelled import Candidate, Labelled
from mvtri.benchmark.detectors.score import Comparison, score_detectors

__all__ = ["Candidate", "Comparison", "Labelled", "score_detectors"]
