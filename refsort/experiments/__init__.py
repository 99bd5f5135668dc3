"""The paper's evidence, redone: each experiment a module with `SUMMARY`, `add_arguments`, `run` and `table`."""

from refsort.experiments import absolute_value, mnist_l2, naive_certificates

EXPERIMENTS = {
    "mnist-l2": mnist_l2,
    "naive-certificates": naive_certificates,
    "absolute-value": absolute_value,
}
