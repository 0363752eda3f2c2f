"""A training step in minigrad or in PyTorch: one program, as the names are the same."""

from networks import LEARNING_RATE


def model_of(framework, network):
    """The network as a Sequential, with the parameters that every peer begins with."""
    nn = framework.nn
    layers = []
    for weight, bias in network.parameters():
        linear = nn.Linear(weight.shape[1], weight.shape[0])
        linear.weight.data.copy_(framework.from_numpy(weight))
        linear.bias.data.copy_(framework.from_numpy(bias))
        layers += [linear] + [nn.BatchNorm1d(weight.shape[0])] * network.batch_norm + [nn.ReLU()]
    return nn.Sequential(*layers[: -2 if network.batch_norm else -1])


def make(framework, network, threads, compiled=False):
    """(step, value): step() is forward, loss, backward, clipping and update; value(loss) a float."""
    nn, optim = framework.nn, framework.optim
    framework.set_num_threads(threads)
    framework.manual_seed(0)
    model = model_of(framework, network)
    loss_of = nn.MSELoss() if network.loss == "mse" else nn.CrossEntropyLoss()
    x, t = (framework.from_numpy(array) for array in network.data())
    parameters = list(model.parameters())
    if network.optimizer == "adam":
        optimizer = optim.Adam(parameters, lr=LEARNING_RATE)
    else:
        optimizer = optim.SGD(parameters, lr=LEARNING_RATE, momentum=0.9 * (network.optimizer == "momentum"))
    forward = framework.compile(model) if compiled else model

    if network.predict:

        def step():
            with framework.no_grad():
                return model(x)

        model.eval()
        return step, lambda y: float(y.sum())

    def step():
        optimizer.zero_grad()
        loss = loss_of(forward(x), t)
        loss.backward()
        if network.clip:
            nn.utils.clip_grad_norm_(parameters, network.clip)
        optimizer.step()
        return loss

    return step, lambda loss: loss.item()
