"""ONNX models: cards that describe them, the library of known ones, download, checks, sessions."""

from mvtri.models.card import Card
from mvtri.models.card_files import read_card

__all__ = ["Card", "read_card"]
