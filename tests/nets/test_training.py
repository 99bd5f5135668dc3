"""Training: batches cover the data, runs resume to the bit, numbers that are not finite stop them by name."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsort.nets import (
    SGD,
    Adam,
    AggMo,
    Batches,
    Bjorck,
    Constant,
    Cosine,
    Critic,
    CrossEntropy,
    Free,
    HingeCritic,
    MaxMin,
    MulticlassHinge,
    Network,
    NonFiniteError,
    Run,
    Sampler,
    load_network,
    train,
)


def classification_run(seed=0, objective=None, optimiser=None, constraint=None, rate=0.05, dtype=np.float32):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((30, 3)).astype(dtype)
    labels = (x[:, 0] > 0).astype(int) + (x[:, 1] > 0)
    network = Network.dense([3, 8, 3], MaxMin(), constraint or Bjorck(3))
    return Run(
        network,
        network.init(rng, dtype=dtype),
        objective or MulticlassHinge(1.0),
        optimiser or Adam(),
        Cosine(rate, 40),
        Batches((x, labels), 7),
        rng,
    )


def flat(run):
    return np.concatenate([a.ravel() for pair in run.params for a in pair])


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 10**6))
def test_each_epoch_draws_whole_batches_of_distinct_rows(n, batch, seed):
    batch = min(n, batch)
    x = np.arange(n)
    source, rng = Batches((x, 10 * x), batch), np.random.default_rng(seed)
    for _ in range(3):
        drawn = [source.draw(rng) for _ in range(n // batch)]
        assert all(len(a) == batch and np.array_equal(b, 10 * a) for a, b in drawn)
        rows = np.concatenate([a for a, _ in drawn])
        assert len(np.unique(rows)) == len(rows) == n // batch * batch


@pytest.mark.parametrize("optimiser", [Adam(), AggMo(), SGD(0.9, nesterov=True), SGD()])
def test_a_resumed_run_goes_on_to_the_bit(tmp_path, optimiser):
    straight = train(classification_run(optimiser=optimiser), 23)
    first = train(classification_run(optimiser=optimiser), 11, checkpoint=tmp_path / "c.npz")
    assert first.step == 11
    second = classification_run(seed=99, optimiser=optimiser)  # its own beginning is overwritten...
    second.source = Batches(classification_run(optimiser=optimiser).source.arrays, 7)  # ... except for the data
    second.restore(tmp_path / "c.npz")
    train(second, 23)
    assert flat(second).tobytes() == flat(straight).tobytes()
    assert second.rng.bit_generator.state == straight.rng.bit_generator.state
    network, params = load_network(tmp_path / "c.npz")
    assert network == first.network
    assert np.array_equal(params[0][0], first.params[0][0])


def test_a_run_is_deterministic_and_depends_on_its_seed():
    assert flat(train(classification_run(), 9)).tobytes() == flat(train(classification_run(), 9)).tobytes()
    assert not np.array_equal(flat(train(classification_run(1), 9)), flat(train(classification_run(), 9)))


def test_another_runs_checkpoint_is_refused(tmp_path):
    train(classification_run(), 2, checkpoint=tmp_path / "c.npz")
    with pytest.raises(ValueError, match="its objective is"):
        classification_run(objective=MulticlassHinge(2.0)).restore(tmp_path / "c.npz")
    with pytest.raises(ValueError, match="its optimiser is"):
        classification_run(optimiser=SGD()).restore(tmp_path / "c.npz")


def test_checkpoints_come_when_asked_for_and_callbacks_see_every_step(tmp_path):
    seen, saved = [], []
    path = tmp_path / "c.npz"

    def callback(run, loss):
        seen.append((run.step, loss))
        saved.append(path.exists())

    train(classification_run(), 5, callbacks=[callback], checkpoint=path, every=3)
    assert [step for step, _ in seen] == [1, 2, 3, 4, 5]
    assert all(np.isfinite(loss) for _, loss in seen)
    assert saved == [False, False, False, True, True]


@pytest.mark.parametrize("objective", [MulticlassHinge(1.5), CrossEntropy(4.0, 0.25)])
def test_gradients_of_classification_objectives_are_those_of_their_losses(objective):
    run = classification_run(objective=objective, dtype=np.float64)
    batch = run.source.draw(run.rng)
    check_gradient(run, objective, batch)


@pytest.mark.parametrize("objective", [Critic(), HingeCritic(1.5, 3.0)])
def test_gradients_of_critic_objectives_are_those_of_their_losses(objective):
    rng = np.random.default_rng(5)
    network = Network.dense([3, 8, 1], MaxMin(), Bjorck(2))
    run = Run(network, network.init(rng), objective, SGD(), Constant(0.1), Sampler(lambda rng: ()), rng)
    check_gradient(run, objective, (rng.standard_normal((4, 3)), rng.standard_normal((6, 3))))


def check_gradient(run, objective, batch):
    rng = np.random.default_rng(11)
    direction = [(rng.standard_normal(w.shape), rng.standard_normal(b.shape)) for w, b in run.params]
    h = 2.0**-18

    def loss(step):
        moved = [(w + step * v, b + step * c) for (w, b), (v, c) in zip(run.params, direction, strict=True)]
        return objective.gradient(run.network, moved, batch)[0]

    grads = objective.gradient(run.network, run.params, batch)[1]
    slope = sum(np.sum(g * v) for gs, vs in zip(grads, direction, strict=True) for g, v in zip(gs, vs, strict=True))
    # truncation h^2 times a third derivative of some hundreds; rounding 2^-53 / h = 3e-11; no kink within h of the draw
    assert slope == pytest.approx((loss(h) - loss(-h)) / (2 * h), rel=0, abs=1e-7)


def test_training_learns():
    run = classification_run(objective=MulticlassHinge(0.3))
    losses = []
    train(run, 40, callbacks=[lambda _, loss: losses.append(loss)])
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) / 2


def test_a_nan_in_the_data_stops_the_run_before_the_update(tmp_path):
    run = classification_run()
    train(run, 4, checkpoint=tmp_path / "c.npz", every=1)
    before = flat(run).copy()
    run.source.arrays[0][:] = np.nan
    with pytest.raises(NonFiniteError, match=r"step 5: the loss is not finite") as caught:
        train(run, 9, checkpoint=tmp_path / "c.npz", every=1)
    assert (caught.value.step, caught.value.layer) == (5, None)
    assert np.array_equal(flat(run), before)
    assert np.array_equal(load_network(tmp_path / "c.npz")[1][0][0], run.params[0][0])


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("place", [(1, 0), (0, 1)])
def test_a_single_entry_of_a_gradient_is_enough(value, place):
    class Spoilt(MulticlassHinge):
        def gradient(self, network, params, batch):
            loss, grads = super().gradient(network, params, batch)
            layer, part = place
            grads[layer][part].flat[-1] = value
            return loss, grads

    run = classification_run(objective=Spoilt(0.3))
    before = flat(run).copy()
    with pytest.raises(NonFiniteError, match=rf"step 1: the gradient of layer {place[0]}"):
        run.update()
    assert np.array_equal(flat(run), before)


def test_a_weight_that_left_the_basin_is_named(tmp_path):
    run = classification_run(constraint=Bjorck(20))
    run.params[1] = (np.float32(9) * run.params[1][0], run.params[1][1])  # by hand: a retraction would not let it
    with pytest.raises(NonFiniteError, match=r"step 1: the constrained weight of layer 1 .*\|\|w\|\|_F = 15\.5"):
        train(run, 3, checkpoint=tmp_path / "c.npz", every=1)
    assert not (tmp_path / "c.npz").exists()


def test_an_update_that_overflows_is_named_and_not_saved(tmp_path):
    run = classification_run(constraint=Free(), optimiser=SGD(), rate=1e30)
    run.schedule = Constant(1e38)
    with pytest.raises(NonFiniteError, match=r"(parameter|gradient) of layer|loss"):
        train(run, 9, checkpoint=tmp_path / "c.npz", every=1)
    if (tmp_path / "c.npz").exists():
        assert all(np.all(np.isfinite(a)) for pair in load_network(tmp_path / "c.npz")[1] for a in pair)


def test_huge_rates_do_not_carry_a_bjorck_layer_out_of_its_basin():
    run = classification_run(rate=5.0)  # weights move by 5 in every coordinate of the first step
    train(run, 40)
    for w, _ in run.params:
        assert np.linalg.norm(w, 2) <= np.sqrt(2)


@pytest.mark.parametrize("arguments", [((np.zeros(3), np.zeros(4)), 2), ((np.zeros(3),), 0), ((np.zeros(3),), 4)])
def test_batches_that_cannot_be(arguments):
    with pytest.raises(ValueError, match="arrays of one length at least that"):
        Batches(*arguments)
