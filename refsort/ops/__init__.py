"""One object of the paper a file: value, forward, backward and tangent, written by hand in NumPy."""
