"""The methods that a benchmark compares: our own, other tools, and a rigid spine as a control."""

from mvtri.benchmark.methods.method import Estimate, Method
from mvtri.benchmark.methods.ours import get_method, list_methods

__all__ = ["Estimate", "Method", "get_method", "list_methods"]
