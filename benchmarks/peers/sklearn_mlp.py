"""A training step of scikit-learn's MLP, where it has one: Adam or SGD, no batch norm, no clipping."""

import warnings

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier, MLPRegressor
from threadpoolctl import threadpool_limits

from networks import LEARNING_RATE


def make(network, threads):
    if network.batch_norm or network.clip or network.predict:
        raise NotImplementedError("scikit-learn's MLP has neither batch norm nor clipping")
    limits = threadpool_limits(threads)
    warnings.simplefilter("ignore")
    x, t = network.data()
    kind = MLPRegressor if network.loss == "mse" else MLPClassifier
    model = kind(hidden_layer_sizes=network.sizes[1:-1], solver="adam" if network.optimizer == "adam" else "sgd",
                 alpha=0.0, batch_size=network.batch, learning_rate_init=LEARNING_RATE, shuffle=False,
                 momentum=0.9 * (network.optimizer == "momentum"), nesterovs_momentum=False)
    arguments = {} if network.loss == "mse" else {"classes": np.arange(network.sizes[-1])}
    t = t.ravel() if network.sizes[-1] == 1 else t

    def step():
        model.partial_fit(x, t, **arguments)
        return model.loss_

    step.limits = limits        # they hold as long as this object lives
    return step, float


def version():
    return sklearn.__version__
