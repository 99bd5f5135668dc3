"""The affine map gone wrong: the weight's layout, the bias, the batch, formats with fewer bits."""

import numpy as np

from refsort.oracle.bugs import class_of
from tests.oracle.mutants import mutant
from tests.oracle.plain import affine, bfloat16, cut

SHORT = ("float32", "bfloat16")


def spoilt(diagnosis, words=(), dtypes=("float32",), bug=""):
    """Register (out, gradients, x, w, b, g) -> (out, gradients), which spoils a right answer."""

    def register(spoil):
        def function(arrays, params, g):
            return spoil(*affine(arrays, params, g), *arrays, g)

        function.__name__, function.__doc__ = spoil.__name__, spoil.__doc__
        mutant("affine", bug or class_of(diagnosis), diagnosis, words, dtypes)(function)
        return spoil

    return register


# --- weight and bias ---


@spoilt("bias missing", dtypes=SHORT)
def no_bias(out, gradients, x, w, b, g):
    return x @ w.T, gradients


@spoilt("bias twice", dtypes=SHORT)
def two_biases(out, gradients, x, w, b, g):
    return x @ w.T + 2 * b, gradients


@spoilt("bias subtracted", dtypes=("float32", "float16"))
def minus_the_bias(out, gradients, x, w, b, g):
    return x @ w.T - b, gradients


@spoilt("other weight layout", dtypes=SHORT)
def the_weight_read_in_the_other_layout(out, gradients, x, w, b, g):
    """Its memory taken for (d_in, d_out), as a checkpoint of another library has it."""
    return x @ w.reshape(w.shape[::-1]) + b, gradients


@spoilt("transposed weight", words=["(d_in, d_out)"], dtypes=SHORT)
def x_w_and_not_x_w_transposed(out, gradients, x, w, b, g):
    return x @ w + b, gradients


@spoilt("", bug="B10")
def a_lipschitz_constant_that_nobody_asked_for(out, gradients, x, w, b, g):
    """A factor of a container left on the layer, result and gradients alike: torchlip's Sequential(k), exported."""
    k = np.float32(1.5)
    return k * (x @ w.T) + b, [k * gradients[0], k * gradients[1], gradients[2]]


@spoilt("", bug="B9")
def one_percent_too_small(out, gradients, x, w, b, g):
    """Tightness lost to a safety factor, on the way there and back."""
    k = np.float32(0.99)
    return k * (x @ w.T) + b, [k * gradients[0], k * gradients[1], gradients[2]]


@spoilt("", bug="B23", dtypes=SHORT)
def a_column_forgotten_where_wide(out, gradients, x, w, b, g):
    """An inner loop over min(d_in, d_out)."""
    k = min(w.shape)
    return x[:, :k] @ w[:, :k].T + b, gradients


@spoilt("", bug="B7")
def small_results_flushed_by_an_epsilon(out, gradients, x, w, b, g):
    return np.where(np.abs(out) < 1e-6, 0, out).astype(out.dtype), gradients


# --- gradients ---


@spoilt("gradient averaged over the batch", words=["of b is"], dtypes=SHORT)
def the_mean_over_the_batch_for_b(out, gradients, x, w, b, g):
    return out, [*gradients[:2], g.mean(axis=0, dtype=g.dtype)]


@spoilt("gradient averaged over the batch", words=["of W and b is"], dtypes=SHORT)
def the_mean_over_the_batch_for_w_and_b(out, gradients, x, w, b, g):
    return out, [gradients[0], gradients[1] / np.float32(len(g)), gradients[2] / np.float32(len(g))]


@spoilt("gradient not summed over the batch", dtypes=SHORT)
def the_cotangent_for_b(out, gradients, x, w, b, g):
    return out, [*gradients[:2], g.copy()]


@spoilt("gradient not summed over the batch", words=["one sample"], dtypes=SHORT)
def the_first_sample_for_b(out, gradients, x, w, b, g):
    return out, [*gradients[:2], g.sum(axis=0) if not len(g) else g[0].copy()]


@spoilt("transposed gradient", words=["of W"], dtypes=SHORT)
def the_gradient_of_w_transposed(out, gradients, x, w, b, g):
    return out, [gradients[0], gradients[1].T.copy(), gradients[2]]


@spoilt("transposed gradient", words=["of W"])
def the_gradient_of_w_reread(out, gradients, x, w, b, g):
    return out, [gradients[0], np.ascontiguousarray(gradients[1].T).reshape(w.shape), gradients[2]]


@spoilt("transposed gradient", words=["of x"], dtypes=SHORT)
def the_gradient_of_x_with_the_weight_reread(out, gradients, x, w, b, g):
    return out, [g @ w.reshape(w.shape[::-1]).T, *gradients[1:]]


@spoilt("no gradient", words=["x"], dtypes=SHORT)
def no_gradient_of_x(out, gradients, x, w, b, g):
    return out, [np.zeros_like(x), *gradients[1:]]


@spoilt("no gradient", words=["W and b"], dtypes=("float32", "float16"))
def parameters_detached(out, gradients, x, w, b, g):
    """pytorch/pytorch#13350: conversion under no_grad."""
    return out, [gradients[0], np.zeros_like(w), np.zeros_like(b)]


@spoilt("constant factor in the gradient", words=["of b is 1/2 times"], dtypes=SHORT)
def half_the_gradient_of_b(out, gradients, x, w, b, g):
    return out, [*gradients[:2], gradients[2] / 2]


@spoilt("constant factor in the gradient", words=["of W is 2 times"], dtypes=SHORT)
def twice_the_gradient_of_w(out, gradients, x, w, b, g):
    """pytorch/pytorch#12737."""
    return out, [gradients[0], 2 * gradients[1], gradients[2]]


@spoilt("sign of the gradient", words=["of W"], dtypes=SHORT)
def minus_the_gradient_of_w(out, gradients, x, w, b, g):
    return out, [gradients[0], -gradients[1], gradients[2]]


@spoilt("", bug="B1")
def only_positive_gradients(out, gradients, x, w, b, g):
    return out, [np.maximum(gradient, 0) for gradient in gradients]


@spoilt("", bug="B1")
def an_entry_of_w_forgotten(out, gradients, x, w, b, g):
    return out - (x[:, :1] * w[:1, 0]), gradients


@spoilt("", bug="B1")
def a_gradient_clipped_at_one(out, gradients, x, w, b, g):
    """Clipping that was left on."""
    return out, [np.clip(gradient, -1, 1) for gradient in gradients]


@spoilt("", bug="B1")
def the_result_right_alone_and_wrong_beside_gradients(out, gradients, x, w, b, g):
    """A forward pass for training that differs from that for evaluation."""
    return (out + np.float32(0.5) if g.any() else out), gradients


# --- formats ---


@spoilt("lower precision", words=["TF32"])
def operands_of_eleven_bits(out, gradients, x, w, b, g):
    """adapters#772: TF32 where float32 is asked for."""
    return cut(x, 11) @ cut(w, 11).T + b, gradients


@spoilt("lower precision", words=["bfloat16"])
def everything_in_eight_bits(out, gradients, x, w, b, g):
    """transformers#47252."""
    return cut(cut(x, 8) @ cut(w, 8).T + cut(b, 8), 8), gradients


@spoilt("lower precision", words=["float32"], dtypes=("float64",))
def float32_for_float64(out, gradients, x, w, b, g):
    """deel-lip under the default policy of Keras."""
    x, w, b = (a.astype(np.float32) for a in (x, w, b))
    return (x @ w.T + b).astype(np.float64), gradients


@spoilt("lower precision", words=["bfloat16"], dtypes=("float16",))
def bfloat16_for_float16(out, gradients, x, w, b, g):
    x, w, b = (bfloat16(a.astype(np.float32)) for a in (x, w, b))
    return bfloat16(x @ w.T + b).astype(np.float16), gradients


@spoilt("", bug="B19")
def gradients_alone_with_operands_of_eleven_bits(out, gradients, x, w, b, g):
    g, w, x = cut(g, 11), cut(w, 11), cut(x, 11)
    return out, [g @ w, g.T @ x, gradients[2]]


@spoilt("", bug="B19", dtypes=("float16",))
def products_that_overflow_in_float16(out, gradients, x, w, b, g):
    """Both operands are scaled up first, and the result down: what is representable overflows on the way."""
    k = np.float16(64)
    return ((k * x) @ (k * w).T) / k / k + b, gradients


@spoilt("", bug="B19")
def blocks_of_256_summed_in_bfloat16(out, gradients, x, w, b, g):
    """Only sums of more than 256 products are wrong: the partial sums of a split kernel are stored in 8 bits."""
    parts = [x[:, k : k + 256] @ w[:, k : k + 256].T for k in range(0, x.shape[1], 256)]
    return (sum(bfloat16(part) for part in parts) + b if len(parts) > 1 else out), gradients
