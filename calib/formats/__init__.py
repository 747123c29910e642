"""Formats of calibration files; a further one is one more module here with a `FORMAT`."""
