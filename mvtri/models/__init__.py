"""ONNX models: cards that describe them, the library of known ones, download, checks, sessions."""

from mvtri.models.card import Card, read_card

__all__ = ["Card", "read_card"]
