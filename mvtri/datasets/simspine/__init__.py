"""SIMSPINE in its three forms, one module each."""
