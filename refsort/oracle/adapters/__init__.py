"""The adapters that come with the package: `numpy_adapter` (refsort's own operations) and `torch_adapter`."""
