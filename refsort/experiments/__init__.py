"""The paper's evidence, redone: each experiment a module with `SUMMARY`, `add_arguments`, `run` and `table`."""

from refsort.experiments import (
    absolute_value,
    activations,
    cones,
    constraints,
    few_examples,
    jacobian_spectrum,
    mnist_digits,
    mnist_l2,
    mnist_linf,
    mnist_wgan,
    naive_certificates,
    saliency,
    three_cones,
)

EXPERIMENTS = {
    "mnist-l2": mnist_l2,
    "mnist-linf": mnist_linf,
    "activations": activations,
    "constraints": constraints,
    "jacobian-spectrum": jacobian_spectrum,
    "saliency": saliency,
    "few-examples": few_examples,
    "naive-certificates": naive_certificates,
    "absolute-value": absolute_value,
    "three-cones": three_cones,
    "cones": cones,
    "mnist-digits": mnist_digits,
    "mnist-wgan": mnist_wgan,
}
