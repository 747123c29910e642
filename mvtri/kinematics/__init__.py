"""How a body moves: bones, joint angles, the axes of the trunk, the chain of the spine."""
