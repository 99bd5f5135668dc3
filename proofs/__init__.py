"""Executable proofs: one statement a file, constructed, verified exactly, sabotaged."""
