"""The data of the paper's experiments: real MNIST from disk, and sampled shells whose Wasserstein distance is known.

MNIST is Y. LeCun's and C. Cortes's database of handwritten digits, under CC BY-SA 3.0. This package does not contain
it: `load_mnist` reads the four files of the original distribution, and says what to download where they are missing.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Array = NDArray[Any]

MNIST_VARIABLE = "REFSORT_DATA"

# name: (bytes, SHA-256) of the files of the original distribution, which every faithful mirror serves unchanged
MNIST_FILES: dict[str, tuple[int, str]] = {
    "train-images-idx3-ubyte.gz": (9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
    "train-labels-idx1-ubyte.gz": (28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
    "t10k-images-idx3-ubyte.gz": (1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
    "t10k-labels-idx1-ubyte.gz": (4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
}

ABSOLUTE_VALUE: tuple[tuple[float, ...], ...] = ((0.0,),)
THREE_CONES: tuple[tuple[float, ...], ...] = ((-2.0, 0.0), (0.0, 0.0), (2.0, 0.0))
HIGH_DIMENSIONAL_CONE: tuple[tuple[float, ...], ...] = ((0.0,) * 128,)


class Split(NamedTuple):
    """Some of the digits.

    Attributes
    ----------
    images : ndarray of float32, shape (n, 784)
        Rows of a 28 x 28 picture one after the other; 0 is paper, 1 is full ink (the byte divided by 255). Distances
        between images, and so certified radii, are in this unit.
    labels : ndarray of int64, shape (n,)
        The digit, 0 to 9.
    """

    images: Array
    labels: Array


class Mnist(NamedTuple):
    """MNIST as the paper's authors split it.

    Attributes
    ----------
    train : Split
        The first 54,000 training images.
    validation : Split
        The last 6,000 training images: for every choice that is made by looking at an accuracy.
    test : Split
        The 10,000 test images: for reporting only.
    """

    train: Split
    validation: Split
    test: Split


def load_mnist(directory: str | os.PathLike[str] | None = None) -> Mnist:
    """Read, check and split the four MNIST files.

    Parameters
    ----------
    directory : path, optional
        Where the four files lie; by default what the environment variable REFSORT_DATA names.

    Returns
    -------
    Mnist
        Splits `train`, `validation`, `test` of 54,000, 6,000 and 10,000 images, in the order of the files. 220 MB.

    Raises
    ------
    FileNotFoundError
        Where no directory is given, or it or a file is missing. Says what to download and where to put it.
    ValueError
        For a file whose size or SHA-256 is not the original's: truncated, altered, or already unpacked.

    Notes
    -----
    Every file is hashed at every load, before a byte of it is interpreted. MNIST is the work of Y. LeCun and C. Cortes,
    CC BY-SA 3.0.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition",
       Proceedings of the IEEE 86(11), 1998.
    """
    folder = _mnist_directory(directory)
    train, test = (
        Split(_images(folder, f"{part}-images-idx3-ubyte.gz"), _labels(folder, f"{part}-labels-idx1-ubyte.gz"))
        for part in ("train", "t10k")
    )
    cut = len(train.labels) - 6000
    validation = Split(train.images[cut:], train.labels[cut:])
    return Mnist(Split(train.images[:cut], train.labels[:cut]), validation, test)


def _mnist_directory(directory: str | os.PathLike[str] | None) -> Path:
    given = directory if directory is not None else os.environ.get(MNIST_VARIABLE)
    if not given:
        raise FileNotFoundError(f"MNIST: no directory was given and {MNIST_VARIABLE} is not set. {_how_to_get_it()}")
    folder = Path(given)
    if not folder.is_dir():
        raise FileNotFoundError(f"MNIST: {folder} is no directory. {_how_to_get_it()}")
    missing = [name for name in MNIST_FILES if not (folder / name).is_file()]
    if missing:
        raise FileNotFoundError(f"MNIST: {folder} lacks {', '.join(missing)}. {_how_to_get_it()}")
    return folder


def _how_to_get_it() -> str:
    return (
        f"Download the four files of the MNIST database ({', '.join(MNIST_FILES)}; "
        f"{sum(size for size, _ in MNIST_FILES.values()) / 1e6:.1f} MB in all; Y. LeCun and C. Cortes, CC BY-SA 3.0) "
        f"from any mirror that serves them under these names, put them still compressed into one directory, "
        f"and pass that directory or set {MNIST_VARIABLE} to it."
    )


def _images(folder: Path, name: str) -> Array:
    pixels = _idx(name, _verified(folder, name), ndim=3)
    # the quotient of two integers below 2^24, rounded once
    return pixels.reshape(len(pixels), -1).astype(np.float32) / np.float32(255)


def _labels(folder: Path, name: str) -> Array:
    return _idx(name, _verified(folder, name), ndim=1).astype(np.int64)


def _verified(folder: Path, name: str) -> bytes:
    """The bytes of a file that are the original's, unpacked."""
    size, sha256 = MNIST_FILES[name]
    content = (folder / name).read_bytes()
    if len(content) != size:
        raise ValueError(f"MNIST: {folder / name} has {len(content)} bytes, expected {size}; download it again")
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ValueError(f"MNIST: {folder / name} has SHA-256 {found}, expected {sha256}; download it again")
    return gzip.decompress(content)


def _idx(name: str, content: bytes, ndim: int) -> NDArray[np.uint8]:
    """Bytes in the IDX format: two zero bytes, the type (8: unsigned byte), ndim, big-endian lengths, the entries."""
    header = struct.calcsize(f">4B{ndim}I")
    magic = bytes([0, 0, 8, ndim])
    if len(content) < header or content[:4] != magic:
        raise ValueError(f"MNIST: {name} starts with {content[:4]!r}, expected the IDX magic number {magic!r}")
    shape = struct.unpack_from(f">{ndim}I", content, 4)
    expected = header + int(np.prod(shape, dtype=object))
    if len(content) != expected:
        raise ValueError(f"MNIST: {name} has {len(content)} bytes, but its header {shape} promises {expected}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def sample_sphere(
    rng: np.random.Generator,
    n: int,
    d: int,
    radius: float = 1.0,
    center: ArrayLike | None = None,
    dtype: DTypeLike = np.float64,
) -> Array:
    """Draw n points uniformly from the sphere of the given radius round a centre: a normal vector over its own length.

    Parameters
    ----------
    rng : numpy.random.Generator
        Its state is advanced; the same state gives the same points.
    n, d : int
        The number of points and their dimension, d >= 1. In one dimension the sphere is the two points +-radius.
    radius : float
        Non-negative; 0 gives the centre itself.
    center : array_like, shape (d,), optional
        Zero by default.
    dtype : floating dtype
        Drawn in float64 and rounded once. A radius far below the spacing of the floats at the centre is lost: a float32
        shell of radius 1e-8 round the point 2 is the point 2.

    Returns
    -------
    ndarray, shape (n, d)

    Raises
    ------
    TypeError
        For an rng that is no Generator.
    ValueError
        For a negative radius, a dimension below 1, a centre of another dimension, a dtype that is not floating.

    Examples
    --------
    >>> import numpy as np
    >>> x = sample_sphere(np.random.default_rng(0), 1000, 3, radius=2.0)
    >>> np.abs(np.linalg.norm(x, axis=1) - 2.0).max() < 1e-15
    np.True_
    """
    middle = np.zeros((1, d)) if center is None else np.asarray(center, np.float64)[None]
    if middle.shape != (1, d) or d < 1:
        raise ValueError(f"sample_sphere: center must have shape ({d},) with at least 1 entry, got {middle.shape[1:]}")
    return sample_shells(rng, n, middle, radius, dtype)


def sample_shells(
    rng: np.random.Generator,
    n: int,
    centers: ArrayLike | Sequence[Sequence[float]],
    radius: float = 1.0,
    dtype: DTypeLike = np.float64,
) -> Array:
    """Draw n points from spheres of one radius round several centres, each centre as likely as the others.

    Parameters
    ----------
    rng, n, radius, dtype
        As in `sample_sphere`.
    centers : array_like, shape (m, d)
        At least one, in at least one dimension.

    Returns
    -------
    ndarray, shape (n, d)

    Raises
    ------
    TypeError, ValueError
        As in `sample_sphere`.

    Examples
    --------
    >>> import numpy as np
    >>> np.unique(sample_shells(np.random.default_rng(0), 40, [[0.0], [10.0]]))
    array([-1.,  1.,  9., 11.])
    """
    middles, kind = _checked_shells(rng, centers, radius, dtype)
    chosen = middles[rng.integers(len(middles), size=n)]
    normal = rng.standard_normal(chosen.shape)
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    while np.any(length == 0):  # has probability 0 for reals, about 2^-52 for one-dimensional floats
        again = (length == 0).ravel()
        normal[again] = rng.standard_normal((np.count_nonzero(again), chosen.shape[1]))
        length = np.linalg.norm(normal, axis=1, keepdims=True)
    points: Array = chosen + radius * (normal / length)
    return points.astype(kind, copy=False)


def sample_cones(
    rng: np.random.Generator,
    n: int,
    centers: ArrayLike | Sequence[Sequence[float]] = THREE_CONES,
    delta: float = 1e-7,
    radius: float = 1.0,
    dtype: DTypeLike = np.float64,
) -> tuple[Array, Array]:
    """Draw samples of two distributions whose Wasserstein distance W_1 is known, and equals ``radius - delta``.

    P is uniform on the shells of radius `delta` round the centres, Q on those of the given radius. Where the centres
    are at least ``2 radius`` apart, a point of Q is at distance `radius` from its own centre and no nearer to another:
    the cones ``f(x) = -min_c |x - c|`` (`cones`) are 1-Lipschitz with ``mean_P f - mean_Q f = radius - delta``, and
    moving every point along its ray costs as much; so both are optimal. The synthetic tasks of Anil et al. (2019), with
    the settings of the authors' code (delta 1e-7, radius 1): centres `ABSOLUTE_VALUE` in one dimension, `THREE_CONES`
    in two, `HIGH_DIMENSIONAL_CONE` in 128.

    Parameters
    ----------
    rng, dtype
        As in `sample_sphere`.
    n : int
        The number of points of each sample.
    centers : array_like, shape (m, d)
        At least ``2 radius`` apart.
    delta, radius : float
        ``0 <= delta <= radius``. With delta 0 P is the centres themselves.

    Returns
    -------
    p, q : ndarrays, shape (n, d)
        The W_1 of these finite samples is another number: it is that of the distributions in the limit.

    Raises
    ------
    TypeError, ValueError
        As in `sample_sphere`, and for centres that are too close or delta above radius.

    Examples
    --------
    >>> import numpy as np
    >>> p, q = sample_cones(np.random.default_rng(0), 50, THREE_CONES, delta=0.25)
    >>> float(round(cones(p, THREE_CONES).mean() - cones(q, THREE_CONES).mean(), 12))
    0.75
    """
    middles, _ = _checked_shells(rng, centers, radius, dtype)
    if not 0 <= delta <= radius:
        raise ValueError(f"sample_cones: delta must lie between 0 and the radius {radius}, got {delta}")
    gaps = np.linalg.norm(middles[:, None] - middles, axis=2)[np.triu_indices(len(middles), 1)]
    if np.any(gaps < 2 * radius):
        raise ValueError(
            f"sample_cones: two centers are {gaps.min()} apart, closer than 2 radius = {2 * radius}: "
            "then W_1 is not radius - delta; use sample_shells where that does not matter"
        )
    return sample_shells(rng, n, middles, delta, dtype), sample_shells(rng, n, middles, radius, dtype)


def cones(x: ArrayLike, centers: ArrayLike | Sequence[Sequence[float]]) -> Array:
    """Evaluate the optimal critic of `sample_cones`, 1-Lipschitz with a peak at each centre: ``f(x) = -min_c |x - c|``.

    Parameters
    ----------
    x : array_like, shape (n, d)
    centers : array_like, shape (m, d)

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> cones([[0.0], [-1.0], [0.25]], ABSOLUTE_VALUE)
    array([-0.  , -1.  , -0.25])
    """
    points, middles = np.asarray(x), np.asarray(centers, np.asarray(x).dtype)
    nearest: Array = np.linalg.norm(points[:, None] - middles, axis=2).min(axis=1)
    return -nearest


def _checked_shells(rng: Any, centers: Any, radius: float, dtype: DTypeLike) -> tuple[Array, np.dtype[Any]]:
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"rng must be a numpy.random.Generator, got {type(rng).__name__}; e.g. numpy.random.default_rng(0)"
        )
    middles = np.asarray(centers, np.float64)
    if middles.ndim != 2 or middles.size == 0:
        raise ValueError(f"centers must be a non-empty array of shape (m, d), got shape {middles.shape}")
    if not np.isfinite(middles).all():
        raise ValueError(f"centers must be finite, got {middles[~np.isfinite(middles)][0]}")
    if not (np.isfinite(radius) and radius >= 0):
        raise ValueError(f"radius must be finite and at least 0, got {radius}")
    kind = np.dtype(dtype)
    if kind.kind != "f":
        raise ValueError(f"dtype must be floating, got {kind}")
    return middles, kind
