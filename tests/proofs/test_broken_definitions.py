"""A proof whose definition or hypothesis is broken fails with a counterexample: its checks are about something."""

import importlib
import math
from fractions import Fraction

import pytest

from refsort import constructions, spec

BJORCK, COEFFICIENTS, L1_BALL, LEAKY = spec.bjorck, spec.coefficients, spec.project_l1_ball, spec.leaky_relu
NORM, RADIUS, DERIVATIVE = spec.operator_norm, spec.certified_radius_squared, spec.derivative
BUILT = {name: getattr(constructions, name) for name in constructions.__all__}


def radial(v, radius=1):
    """On the segment to 0, which is not the nearest point."""
    size = sum(map(abs, v))
    return [x * Fraction(radius, size) if size > radius else x for x in v]


def scaled(v, radius=1):
    return [2 * x for x in L1_BALL(v, radius)]


def clipped_slope(f, x, x_dot):
    """Straight-through: the derivative of the identity in place of that of the steps."""
    return x_dot


def unsorted(z, group_size=None):
    return list(z)


def descending(z, group_size):
    groups = [z[i : i + group_size] for i in range(0, len(z), group_size)]
    return [v for group in groups for v in sorted(group, reverse=True)]


def doubled_radius(*arguments):
    return spec.Enclosure(*(4 * v for v in RADIUS(*arguments)))


def no_norm(w, p, q, bits=0):
    return spec.Enclosure(Fraction(0), Fraction(0))


def no_gradient(f, x, x_dot):
    return 0 * DERIVATIVE(f, x, x_dot)


def shifted(name, by=Fraction(1, 1000)):
    """The construction with its last bias off."""

    def build(*arguments, **options):
        network, params, *rest = BUILT[name](*arguments, **options)
        *before, (w, b) = params
        return (network, [*before, (w, b + by)], *rest)

    return build


def steeper(name, by=Fraction(11, 10)):
    """The construction with its first weight scaled."""

    def build(*arguments, **options):
        network, ((w, b), *after), *rest = BUILT[name](*arguments, **options)
        return (network, [(by * w, by * b), *after], *rest)

    return build


BROKEN = [
    ("bjorck_converges", "coefficients", lambda order: [*COEFFICIENTS(order)[:-1], Fraction(1, 3)]),
    ("bjorck_converges", "bjorck", lambda w, k, p=1, beta=None: BJORCK(w, k, 1, Fraction(2, 5))),
    ("bjorck_leaves_the_basin", "bjorck", lambda w, k, p=1: [[abs(x) for x in row] for row in BJORCK(w, k, p)]),
    ("bjorck_leaves_the_basin", "bjorck", lambda w, k, p=1: BJORCK(w, k, 2)),
    ("bjorck_finds_the_nearest_orthonormal_matrix", "bjorck", lambda w, k, p=1: BJORCK(w, 1, 1)),
    ("bjorck_derivative_converges", "bjorck", lambda w, k, p=1: BJORCK(w, 1, p)),
    ("bjorck_derivative_converges", "derivative", clipped_slope),
    ("l1_ball_projection", "project_l1_ball", radial),
    ("l1_ball_projection", "project_l1_ball", scaled),
    ("l1_ball_projection", "derivative", clipped_slope),
    ("monotone_networks_that_keep_gradient_norms_are_affine", "relu", spec.absolute),
    ("monotone_networks_that_keep_gradient_norms_are_affine", "leaky_relu", lambda z, a: LEAKY(z, -a)),
    ("lipschitz_maps_compose", "relu", lambda z: [2 * x for x in z]),
    ("lipschitz_maps_compose", "max_min", lambda z: [max(z)] * len(z)),
    ("square_orthonormal_group_sort_networks_are_isometric", "max_min", spec.relu),
    ("square_orthonormal_group_sort_networks_are_isometric", "full_sort", lambda z: [max(z)] * len(z)),
    ("relu_networks_stay_away_from_the_absolute_value", "relu", spec.absolute),
    ("relu_networks_stay_away_from_the_absolute_value", "leaky_relu", lambda z, a: LEAKY(z, -3)),
    ("relu_networks_stay_away_from_the_absolute_value", "operator_norm", lambda w, p, q: NORM(w, 1, math.inf)),
    ("elementwise_activations_miss_order_statistics", "relu", spec.max_min),
    ("elementwise_activations_miss_order_statistics", "absolute", lambda z: [2 * abs(v) for v in z]),
    ("certified_radii", "max_min", lambda z: [3 * v for v in z]),
    ("certified_radii", "certified_radius_squared", doubled_radius),
    ("relu_networks_of_fixed_depth_miss_the_absolute_value", "relu", spec.absolute),
    ("relu_networks_of_fixed_depth_miss_the_absolute_value", "leaky_relu", lambda z, a: LEAKY(z, -1)),
    ("maximum_needs_logarithmic_depth", "group_sort", unsorted),
    ("group_sort_contains_other_activations", "group_sort", descending),
    ("max_min_absolute_value_and_full_sort_are_equally_expressive", "absolute", spec.relu),
    ("max_min_absolute_value_and_full_sort_are_equally_expressive", "full_sort", unsorted),
    ("relu_networks_approach_the_absolute_value", "relu", lambda z: LEAKY(z, Fraction(1, 100))),
    ("relu_and_max_min_networks_have_the_same_closure", "relu", spec.absolute),
    ("relu_and_max_min_networks_have_the_same_closure", "max_min", lambda z: [max(z)] * len(z)),
    ("mcshane_whitney_extensions", "group_sort", unsorted),
    ("piecewise_linear_functions_are_max_min_networks", "full_sort", unsorted),
    ("max_min_networks_form_a_lattice", "max_min", spec.relu),
    ("max_min_networks_are_universal", "group_sort", unsorted),
    ("rounding_errors_grow_linearly_with_depth", "group_sort", unsorted),
    ("rounding_errors_grow_linearly_with_depth", "operator_norm", no_norm),
    ("kantorovich_rubinstein_duality", "group_sort", unsorted),
    ("optimal_potentials_have_unit_gradient_along_rays", "group_sort", unsorted),
    ("optimal_potentials_have_unit_gradient_along_rays", "derivative", no_gradient),
    ("vector_valued_networks_are_universal", "max_min", spec.relu),
    ("two_norm_universality_is_open", "full_sort", unsorted),
]


@pytest.mark.parametrize(("name", "definition", "broken"), BROKEN)
def test_a_broken_definition_is_caught(name, definition, broken, monkeypatch):
    proof = importlib.import_module(f"proofs.{name}")
    monkeypatch.setattr(spec, definition, broken)
    for activations in [proof.ACTIVATIONS] if hasattr(proof, "ACTIVATIONS") else []:
        for key, activation in activations.items():
            if getattr(activation, "__name__", "") == definition:
                monkeypatch.setitem(activations, key, broken)
    with pytest.raises(AssertionError, match=r"\w"):
        proof.verify()


CONSTRUCTIONS = [
    ("maximum_needs_logarithmic_depth", "max_min_tree", shifted("max_min_tree")),
    ("group_sort_contains_other_activations", "recover", steeper("recover")),
    ("max_min_absolute_value_and_full_sort_are_equally_expressive", "recover", steeper("recover")),
    ("relu_networks_approach_the_absolute_value", "rotation_relu_absolute", shifted("rotation_relu_absolute")),
    (
        "relu_and_max_min_networks_have_the_same_closure",
        "rotation_relu_absolute",
        lambda depth, radius, form: BUILT["rotation_relu_absolute"](depth, radius * Fraction(1, 10), form),
    ),
    ("mcshane_whitney_extensions", "mcshane", shifted("mcshane")),
    ("mcshane_whitney_extensions", "mcshane", lambda x, y, d, k, kind: BUILT["mcshane"](x, y, d, 2 * k, kind)),
    ("piecewise_linear_functions_are_max_min_networks", "piecewise_linear", shifted("piecewise_linear")),
    (
        "piecewise_linear_functions_are_max_min_networks",
        "three_layer",
        lambda a, b, radius: BUILT["three_layer"](a, b, radius * Fraction(1, 100)),
    ),
    ("max_min_networks_form_a_lattice", "piecewise_linear", steeper("piecewise_linear")),
    ("max_min_networks_are_universal", "universal", steeper("universal")),
    ("max_min_networks_are_universal", "universal", shifted("universal", Fraction(1, 2))),
    ("kantorovich_rubinstein_duality", "optimal_potential", steeper("optimal_potential")),
    ("optimal_potentials_have_unit_gradient_along_rays", "optimal_potential", steeper("optimal_potential")),
    ("vector_valued_networks_are_universal", "universal", steeper("universal")),
    ("vector_valued_networks_are_universal", "mcshane", shifted("mcshane")),
]


@pytest.mark.parametrize(("name", "construction", "broken"), CONSTRUCTIONS)
def test_a_broken_construction_is_caught(name, construction, broken, monkeypatch):
    monkeypatch.setattr(constructions, construction, broken)
    with pytest.raises(AssertionError, match=r"\w"):
        importlib.import_module(f"proofs.{name}").verify()


def test_a_plan_or_a_potential_that_is_not_optimal_is_caught(monkeypatch):
    proof = importlib.import_module("proofs.kantorovich_rubinstein_duality")
    monkeypatch.setattr(proof, "optimal_plan", lambda p, q, cost: proof.first_plan(p, q))
    with pytest.raises(AssertionError, match=r"the plan costs|f is"):
        proof.verify()
    monkeypatch.undo()
    monkeypatch.setattr(proof, "potential", lambda n, distances, moves: [-v for v in distances[0]])
    with pytest.raises(AssertionError, match="the plan costs"):
        proof.verify()
