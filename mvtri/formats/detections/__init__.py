"""2D keypoints in files; a new format is one more module here that declares a `FORMAT`."""
