"""Norm-constrained GroupSort networks after Anil, Lucas, Grosse (ICML 2019), in NumPy, with derivatives by hand.

`refsort.spec` says what an operation is, in exact rationals. `refsort.ops` computes and differentiates it.
`refsort.nets` trains networks of it, `refsort.certify` says what a network guarantees, and `refsort.oracle` judges
other implementations against the definitions.
"""

__version__ = "0.1.0"
