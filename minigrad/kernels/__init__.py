"""Arrays to arrays: all heavy NumPy, its blocks, threads and memory order. Knows of no graph."""
