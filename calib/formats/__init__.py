"""Formats of calibration files; a new format is one more module here that declares a `FORMAT`."""
