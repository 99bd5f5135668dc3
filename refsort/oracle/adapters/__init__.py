"""The adapters that come with the package: refsort's own operations in NumPy, PyTorch, JAX, and one in C."""
