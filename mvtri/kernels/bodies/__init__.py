"""What the lengths of a body's segments say about points that are known with their covariances."""
