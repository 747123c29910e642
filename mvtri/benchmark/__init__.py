"""Scores against ground truth: protocols, settings and tables."""

from mvtri.benchmark.scores import evaluate, oracle_detections

__all__ = ["evaluate", "oracle_detections"]
