"""Which keypoints belong together, across views."""
