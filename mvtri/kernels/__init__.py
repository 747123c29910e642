"""Compiled arithmetic on plain arrays; imports NumPy, Numba and math, and nothing else."""
