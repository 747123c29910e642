"""Human3.6M in the layouts that people have it in, one module each."""
