"""Many points at a time, in loops that fill vector registers: the ordinary cases, fast."""
