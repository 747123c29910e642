"""triangulation."""
