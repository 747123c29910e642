"""The methods that a benchmark compares: our own, other tools, and a rigid spine as a control."""

from mvtri.benchmark.methods.ours import Method, get_method, list_methods

__all__ = ["Method", "get_method", "list_methods"]
