"""Symmetric 3x3 systems and rotations."""
