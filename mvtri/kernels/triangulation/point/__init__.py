"""One point at a time: every case, in plain loops."""
