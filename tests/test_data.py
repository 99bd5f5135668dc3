"""The MNIST loader on real, missing and damaged files; the samplers against what defines their distributions."""

import gzip
import hashlib
import os
import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from refsort import data
from refsort.data import (
    ABSOLUTE_VALUE,
    HIGH_DIMENSIONAL_CONE,
    MNIST_FILES,
    THREE_CONES,
    cones,
    load_mnist,
    sample_cones,
    sample_shells,
    sample_sphere,
)


@pytest.fixture(scope="module")
def mnist():
    try:
        return load_mnist()
    except FileNotFoundError as error:
        pytest.skip(str(error))


def idx(array, magic=None):
    """A file in the IDX format, written as its definition says."""
    header = bytes([0, 0, 8, array.ndim]) if magic is None else magic
    return header + b"".join(struct.pack(">I", n) for n in array.shape) + array.astype(np.uint8).tobytes()


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A small MNIST: 6005 training and 3 test images of 2 x 3 pixels, known byte by byte, in a directory of its own."""
    rng = np.random.default_rng(0)
    arrays = {
        "train-images-idx3-ubyte.gz": rng.integers(0, 256, (6005, 2, 3)),
        "train-labels-idx1-ubyte.gz": rng.integers(0, 10, 6005),
        "t10k-images-idx3-ubyte.gz": rng.integers(0, 256, (3, 2, 3)),
        "t10k-labels-idx1-ubyte.gz": rng.integers(0, 10, 3),
    }
    store(tmp_path, monkeypatch, {name: idx(array) for name, array in arrays.items()})
    return tmp_path, arrays


def store(folder, monkeypatch, contents):
    """Pack `contents` into `folder` and let the loader's table expect exactly that."""
    table = dict(data.MNIST_FILES)
    for name, content in contents.items():
        packed = gzip.compress(content, mtime=0)
        (folder / name).write_bytes(packed)
        table[name] = (len(packed), hashlib.sha256(packed).hexdigest())
    monkeypatch.setattr(data, "MNIST_FILES", table)


def test_the_real_splits(mnist):
    assert [len(split.images) for split in mnist] == [54000, 6000, 10000]
    for split in mnist:
        assert split.images.shape == (len(split.labels), 784)
        assert (split.images.dtype, split.labels.dtype) == (np.float32, np.int64)
        assert (split.images.min(), split.images.max()) == (0.0, 1.0)
        assert np.array_equal(np.unique(split.labels), np.arange(10))


def test_real_labels_and_pixels_as_published(mnist):
    """The first labels, and the label counts, of the published database; the bytes behind the pixels."""
    assert mnist.train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert mnist.test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    counts = np.bincount(np.concatenate([mnist.train.labels, mnist.validation.labels]))
    assert counts.tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    path = Path(os.environ["REFSORT_DATA"]) / "train-images-idx3-ubyte.gz"
    raw = np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8)[16:].reshape(60000, 784)
    assert np.array_equal(np.rint(mnist.validation.images[-1] * 255), raw[59999])
    assert np.array_equal(np.rint(mnist.train.images[:100] * 255), raw[:100])


def test_splits_are_in_the_order_of_the_files(small):
    folder, arrays = small
    loaded = load_mnist(folder)
    images = arrays["train-images-idx3-ubyte.gz"].reshape(6005, 6)
    assert np.array_equal(np.rint(loaded.train.images * 255), images[:5])
    assert np.array_equal(np.rint(loaded.validation.images * 255), images[5:])
    assert np.array_equal(loaded.train.labels, arrays["train-labels-idx1-ubyte.gz"][:5])
    assert np.array_equal(loaded.validation.labels, arrays["train-labels-idx1-ubyte.gz"][5:])
    assert np.array_equal(np.rint(loaded.test.images * 255), arrays["t10k-images-idx3-ubyte.gz"].reshape(3, 6))
    assert np.array_equal(loaded.test.labels, arrays["t10k-labels-idx1-ubyte.gz"])


def test_pixels_are_the_quotients_rounded_once(tmp_path, monkeypatch):
    pixels = np.arange(256, dtype=np.uint8).reshape(4, 8, 8)
    store(tmp_path, monkeypatch, {"t10k-images-idx3-ubyte.gz": idx(pixels)})
    images = data._images(tmp_path, "t10k-images-idx3-ubyte.gz")
    for k, pixel in enumerate(images.ravel()):
        assert abs(Fraction(float(pixel)) - Fraction(k, 255)) <= Fraction(float(np.spacing(pixel))) / 2


def test_the_directory_comes_from_the_argument_or_the_environment(small, monkeypatch, tmp_path_factory):
    folder, _ = small
    monkeypatch.setenv("REFSORT_DATA", str(folder))
    assert len(load_mnist().test.labels) == 3
    assert len(load_mnist(str(folder)).test.labels) == 3
    with pytest.raises(FileNotFoundError, match="lacks"):  # the argument wins
        load_mnist(tmp_path_factory.mktemp("empty"))


def test_what_to_download_and_where_to_put_it(monkeypatch, tmp_path):
    def sentence(call):
        with pytest.raises(FileNotFoundError) as caught:
            call()
        return str(caught.value)

    monkeypatch.delenv("REFSORT_DATA", raising=False)
    unset = sentence(load_mnist)
    assert "no directory was given and REFSORT_DATA is not set" in unset
    monkeypatch.setenv("REFSORT_DATA", "")
    assert sentence(load_mnist) == unset
    absent = sentence(lambda: load_mnist(tmp_path / "nowhere"))
    assert f"{tmp_path / 'nowhere'} is no directory" in absent
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(b"")
    missing = sentence(lambda: load_mnist(tmp_path))
    lacking = list(MNIST_FILES)[:3]
    assert f"lacks {', '.join(lacking)}." in missing
    assert sentence(lambda: load_mnist(tmp_path / "t10k-labels-idx1-ubyte.gz")).startswith("MNIST: ")
    for text in (unset, absent, missing):
        assert "Download the four files of the MNIST database" in text
        assert all(name in text for name in MNIST_FILES)
        assert "11.6 MB" in text
        assert "CC BY-SA 3.0" in text
        assert "set REFSORT_DATA to it" in text


@pytest.mark.parametrize("name", MNIST_FILES)
def test_a_truncated_file_is_refused(small, name):
    folder, _ = small
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:-1])
    with pytest.raises(ValueError, match=f"{name} has {len(content) - 1} bytes, expected {len(content)}"):
        load_mnist(folder)


@pytest.mark.parametrize("name", MNIST_FILES)
def test_an_altered_file_is_refused(small, name):
    folder, _ = small
    content = bytearray((folder / name).read_bytes())
    expected = hashlib.sha256(content).hexdigest()
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    found = hashlib.sha256(content).hexdigest()
    with pytest.raises(ValueError, match=f"{name} has SHA-256 {found}, expected {expected}; download it again"):
        load_mnist(folder)


def test_files_of_the_right_sizes_but_not_the_originals_are_refused(tmp_path):
    for name, (size, _) in MNIST_FILES.items():
        (tmp_path / name).write_bytes(bytes(size))
    with pytest.raises(ValueError, match=r"has SHA-256 [0-9a-f]{64}, expected 440fcabf"):
        load_mnist(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected the IDX magic number"),
        (bytes([0, 0, 8, 1]), "expected the IDX magic number"),
        (idx(np.zeros(5), magic=bytes([0, 0, 9, 1])), "expected the IDX magic number"),
        (idx(np.zeros((5, 2))), "expected the IDX magic number"),
        (idx(np.zeros(5))[:-1], r"has 12 bytes, but its header \(5,\) promises 13"),
        (idx(np.zeros(5)) + b"0", r"has 14 bytes, but its header \(5,\) promises 13"),
        (bytes([0, 0, 8, 1, 255, 255, 255, 255]), r"header \(4294967295,\) promises 4294967303"),
    ],
)
def test_a_header_that_does_not_fit_its_content(tmp_path, monkeypatch, content, message):
    store(tmp_path, monkeypatch, {"t10k-labels-idx1-ubyte.gz": content})
    with pytest.raises(ValueError, match=message):
        data._labels(tmp_path, "t10k-labels-idx1-ubyte.gz")


def test_header_lengths_do_not_overflow():
    header = bytes([0, 0, 8, 3]) + struct.pack(">3I", 2**31, 2**31, 4)  # the product is 2^64
    with pytest.raises(ValueError, match=f"promises {2**64 + 16}"):
        data._idx("x", header, 3)


@pytest.mark.parametrize("d", [1, 2, 3, 128])
def test_points_lie_on_the_sphere(d):
    center = np.arange(1.0, d + 1) / d
    x = sample_sphere(np.random.default_rng(d), 500, d, radius=3.0, center=center)
    assert x.shape == (500, d)
    # the norm over d entries, a quotient, a product, a sum with the centre: below (d + 6) roundings of numbers below 4
    assert np.abs(np.linalg.norm(x - center, axis=1) - 3.0).max() <= (d + 6) * 4 * 2.0**-53


def test_one_dimension_is_the_two_points():
    x = sample_sphere(np.random.default_rng(0), 10_000, 1, radius=0.5)
    assert np.array_equal(np.unique(x), [-0.5, 0.5])
    assert abs(np.count_nonzero(x > 0) - 5000) <= 5 * 50  # five standard deviations of a fair coin


@pytest.mark.parametrize("d", [2, 3, 5])
def test_the_sphere_is_covered_evenly(d):
    """Mean 0 and covariance I / d; in three dimensions a coordinate is uniform on [-1, 1] (Archimedes)."""
    n = 40_000
    x = sample_sphere(np.random.default_rng(d), n, d)
    assert np.abs(x.mean(axis=0)).max() <= 5 / np.sqrt(d * n)  # five standard deviations
    assert np.abs(x.T @ x / n - np.eye(d) / d).max() <= 5 / np.sqrt(n)  # an entry's deviation is below 1 / sqrt(n)
    if d == 3:
        counts, _ = np.histogram(x[:, 1], bins=20, range=(-1, 1))
        assert np.abs(counts - n / 20).max() <= 5 * np.sqrt(n / 20)


def test_a_normal_draw_of_zero_is_drawn_again():
    class Stuck(np.random.Generator):
        """Returns zeros at the first draw of the normals."""

        def __init__(self):
            super().__init__(np.random.PCG64(0))
            self.calls = 0

        def standard_normal(self, size=None, *args, **kwargs):
            self.calls += 1
            drawn = super().standard_normal(size)
            return drawn * (np.arange(drawn.size).reshape(size) > 1) if self.calls == 1 else drawn

    rng = Stuck()
    assert np.array_equal(np.abs(sample_sphere(rng, 5, 1)), np.ones((5, 1)))
    assert rng.calls == 2


def test_shells_pick_every_centre_equally_often():
    centers = np.array([[0.0, 0.0, 0.0], [10.0, 0.0, 0.0], [0.0, 20.0, 0.0], [0.0, 0.0, 30.0]])
    x = sample_shells(np.random.default_rng(3), 8000, centers, radius=2.0)
    distances = np.linalg.norm(x[:, None] - centers, axis=2)
    assert np.abs(distances.min(axis=1) - 2.0).max() <= 1e-13  # coordinates below 32: spacing 4e-15
    counts = np.bincount(distances.argmin(axis=1))
    assert np.abs(counts - 2000).max() <= 5 * np.sqrt(8000 * 3 / 16)


def test_the_same_state_gives_the_same_points_and_the_state_moves_on():
    first, again = np.random.default_rng(9), np.random.default_rng(9)
    x = sample_shells(first, 20, THREE_CONES)
    assert np.array_equal(x, sample_shells(again, 20, THREE_CONES))
    assert not np.array_equal(x, sample_shells(first, 20, THREE_CONES))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_points_are_drawn_in_float64_and_rounded_once(dtype):
    x = sample_shells(np.random.default_rng(9), 20, THREE_CONES, dtype=dtype)
    assert x.dtype == dtype
    assert np.array_equal(x, sample_shells(np.random.default_rng(9), 20, THREE_CONES).astype(dtype))


def test_a_radius_below_the_spacing_of_the_floats_is_lost_as_documented():
    x = sample_shells(np.random.default_rng(0), 9, [[2.0]], radius=1e-8, dtype=np.float32)
    assert np.array_equal(x, np.full((9, 1), 2.0))


@pytest.mark.parametrize("centers", [ABSOLUTE_VALUE, THREE_CONES, HIGH_DIMENSIONAL_CONE, [[0.0], [2.0]]])
@pytest.mark.parametrize("delta", [0.0, 1e-7, 0.25, 1.0])
def test_the_cones_attain_the_known_distance(centers, delta):
    p, q = sample_cones(np.random.default_rng(1), 400, centers, delta=delta)
    assert p.shape == q.shape == (400, len(centers[0]))
    # every single point has the critic's value, so means over any sample have it
    assert np.abs(cones(p, centers) + delta).max() <= 1e-14
    assert np.abs(cones(q, centers) + 1.0).max() <= 1e-14
    # and no coupling is needed to see that it is optimal: cones is 1-Lipschitz, and q is reached along its own ray
    middles = np.asarray(centers)
    own = middles[np.linalg.norm(q[:, None] - middles, axis=2).argmin(axis=1)]
    source = own + delta * (q - own)
    assert np.allclose(np.linalg.norm(q - source, axis=1), 1.0 - delta, rtol=0, atol=1e-14)


def test_cones_are_1_lipschitz_and_peak_at_the_centres():
    rng = np.random.default_rng(2)
    x, z = rng.normal(0, 3, (500, 2)), rng.normal(0, 3, (500, 2))
    gap = np.abs(cones(x, THREE_CONES) - cones(z, THREE_CONES))
    assert np.all(gap <= np.linalg.norm(x - z, axis=1) + 1e-14)
    assert np.array_equal(cones(np.array(THREE_CONES), THREE_CONES), np.zeros(3))
    assert cones(np.float32([[0.5, 0.0]]), THREE_CONES).dtype == np.float32


def test_bad_arguments_of_the_samplers():
    rng = np.random.default_rng(0)
    for bad in (0, None, np.random.RandomState(0), np.random):
        with pytest.raises(TypeError, match=r"rng must be a numpy\.random\.Generator, got"):
            sample_sphere(bad, 5, 2)
    with pytest.raises(ValueError, match="radius must be finite and at least 0, got -1"):
        sample_sphere(rng, 5, 2, radius=-1.0)
    with pytest.raises(ValueError, match="radius must be finite and at least 0, got nan"):
        sample_shells(rng, 5, THREE_CONES, radius=np.nan)
    with pytest.raises(ValueError, match=r"center must have shape \(3,\) with at least 1 entry, got \(2,\)"):
        sample_sphere(rng, 5, 3, center=[0.0, 0.0])
    with pytest.raises(ValueError, match="at least 1 entry"):
        sample_sphere(rng, 5, 0)
    for centers in ([], [0.0, 1.0], np.zeros((0, 2)), np.zeros((2, 0))):
        with pytest.raises(ValueError, match=r"centers must be a non-empty array of shape \(m, d\)"):
            sample_shells(rng, 5, centers)
    with pytest.raises(ValueError, match="centers must be finite"):
        sample_shells(rng, 5, [[np.nan]])
    with pytest.raises(ValueError, match="dtype must be floating, got int64"):
        sample_shells(rng, 5, THREE_CONES, dtype=np.int64)
    with pytest.raises(ValueError, match=r"two centers are 1\.5 apart, closer than 2 radius = 2\.0"):
        sample_cones(rng, 5, [[0.0], [1.5], [9.0]])
    with pytest.raises(ValueError, match=r"delta must lie between 0 and the radius 1\.0, got 2\.0"):
        sample_cones(rng, 5, THREE_CONES, delta=2.0)
    with pytest.raises(ValueError, match="delta must lie between"):
        sample_cones(rng, 5, THREE_CONES, delta=np.nan)


def test_no_points():
    assert sample_sphere(np.random.default_rng(0), 0, 3).shape == (0, 3)
