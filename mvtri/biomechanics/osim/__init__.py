"""Models of OpenSim (.osim), read into flat arrays."""
