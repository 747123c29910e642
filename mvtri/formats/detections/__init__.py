"""2D keypoints in files, one module a format."""
