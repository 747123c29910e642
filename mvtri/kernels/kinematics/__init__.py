"""Where the bodies and markers of a kinematic tree are, and how they move with its coordinates."""
