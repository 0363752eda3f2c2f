"""A training step in tinygrad, recorded and played back as a whole by its TinyJit.

tinygrad compiles with clang, which must be there (Debian: apt install clang). It splits each kernel
over the processors that the process may run on.
"""

import importlib.metadata
import os
import shutil

from networks import LEARNING_RATE


def make(network, threads):
    if shutil.which("clang") is None:
        raise NotImplementedError("tinygrad compiles for the processor with clang, which is not installed")
    os.environ.update(DEV="CPU", NUM_CPU_THREADS=str(threads))
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    from tinygrad import Context, Tensor, TinyJit, nn

    layers = []
    for weight, bias in network.parameters():
        linear = nn.Linear(weight.shape[1], weight.shape[0])
        linear.weight.assign(Tensor(weight)).realize()
        linear.bias.assign(Tensor(bias)).realize()
        layers += [linear] + [nn.BatchNorm(weight.shape[0])] * network.batch_norm + [Tensor.relu]
    layers = layers[: -2 if network.batch_norm else -1]
    parameters = nn.state.get_parameters(layers)
    x, t = (Tensor(array).realize() for array in network.data())

    if network.predict:
        predict = TinyJit(lambda: x.sequential(layers).realize())
        return predict, lambda y: float(y.numpy().sum())

    if network.optimizer == "adam":
        optimizer = nn.optim.Adam(parameters, lr=LEARNING_RATE)
    else:
        optimizer = nn.optim.SGD(parameters, lr=LEARNING_RATE, momentum=0.9 * (network.optimizer == "momentum"))

    @TinyJit
    def train():
        optimizer.zero_grad()
        y = x.sequential(layers)
        loss = (y - t).square().mean() if network.loss == "mse" else y.sparse_categorical_crossentropy(t)
        loss.backward()
        if network.clip:
            norm = sum(p.grad.square().sum() for p in optimizer.params).sqrt()
            factor = (network.clip / (norm + 1e-6)).minimum(1.0)
            for p in optimizer.params:
                p.grad = p.grad * factor
        return loss.realize(*optimizer.schedule_step())

    def step():
        with Context(TRAINING=1):
            return train()

    return step, lambda loss: loss.item()


def version():
    return importlib.metadata.version("tinygrad")
