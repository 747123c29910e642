"""SIMSPINE in its three layouts, one module each."""
