"""A training step in JAX, compiled as a whole by jax.jit, parameters donated."""

import os

import numpy as np

from networks import LEARNING_RATE

EPS, BETA1, BETA2 = 1e-8, 0.9, 0.999


def make(network, threads):
    # XLA takes its number of threads from the processors the process may run on
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    import jax
    import jax.numpy as jnp

    weights = [(jnp.array(w), jnp.array(b)) for w, b in network.parameters()]
    hidden = len(weights) - 1
    norms = [(jnp.ones(n), jnp.zeros(n)) for n in network.sizes[1:-1]] if network.batch_norm else []
    running = [(jnp.zeros(n), jnp.ones(n)) for n in network.sizes[1:-1]] if network.batch_norm else []
    parameters = (weights, norms)
    x, t = (jnp.array(array) for array in network.data())

    def forward(parameters, running, x, t):
        weights, norms = parameters
        moved = []
        for i, (w, b) in enumerate(weights):
            x = x @ w.T + b
            if i < hidden:
                if network.batch_norm:
                    mean, var = x.mean(0), x.var(0)
                    scale, shift = norms[i]
                    x = (x - mean) * jax.lax.rsqrt(var + 1e-5) * scale + shift
                    n = network.batch
                    moved.append((0.9 * running[i][0] + 0.1 * mean, 0.9 * running[i][1] + 0.1 * var * n / (n - 1)))
                x = jax.nn.relu(x)
        if network.loss == "mse":
            return ((x - t) ** 2).mean(), moved
        return -jnp.take_along_axis(jax.nn.log_softmax(x), t[:, None], 1).mean(), moved

    def update(parameters, state, running, count, x, t):
        (loss, running), grads = jax.value_and_grad(forward, has_aux=True)(parameters, running, x, t)
        if network.clip:
            norm = jnp.sqrt(sum((g * g).sum() for g in jax.tree.leaves(grads)))
            factor = jnp.minimum(1.0, network.clip / (norm + 1e-6))
            grads = jax.tree.map(lambda g: g * factor, grads)
        count = count + 1
        if network.optimizer == "sgd":
            parameters = jax.tree.map(lambda p, g: p - LEARNING_RATE * g, parameters, grads)
        elif network.optimizer == "momentum":
            state = jax.tree.map(lambda b, g: 0.9 * b + g, state, grads)
            parameters = jax.tree.map(lambda p, b: p - LEARNING_RATE * b, parameters, state)
        else:
            m, v = state
            m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, grads)
            v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, v, grads)
            c1, c2 = 1 - BETA1**count, 1 - BETA2**count
            parameters = jax.tree.map(
                lambda p, m, v: p - LEARNING_RATE / c1 * m / (jnp.sqrt(v / c2) + EPS), parameters, m, v
            )
            state = (m, v)
        return parameters, state, running, count, loss

    if network.predict:

        def predict(parameters, x):
            (weights, norms), means = parameters, running
            for i, (w, b) in enumerate(weights):
                x = x @ w.T + b
                if i < hidden and network.batch_norm:
                    x = (x - means[i][0]) * jax.lax.rsqrt(means[i][1] + 1e-5) * norms[i][0] + norms[i][1]
                x = jax.nn.relu(x) if i < hidden else x
            return x

        compiled = jax.jit(predict)
        return lambda: compiled(parameters, x), lambda y: float(np.asarray(y).sum())

    zeros = jax.tree.map(jnp.zeros_like, parameters)
    state = {"sgd": (), "momentum": zeros, "adam": (zeros, jax.tree.map(jnp.zeros_like, parameters))}[network.optimizer]
    kept = [parameters, state, running, jnp.float32(0)]
    compiled = jax.jit(update, donate_argnums=(0, 1, 2))

    def step():
        *kept[:], loss = compiled(*kept, x, t)
        return loss

    return step, lambda loss: float(np.asarray(loss))


def version():
    import jax

    return jax.__version__
