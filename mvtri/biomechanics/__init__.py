"""Body models of OpenSim: bodies, joints and markers, and where they are for given joint coordinates."""
