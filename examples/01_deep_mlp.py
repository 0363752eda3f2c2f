"""A deep multilayer perceptron learns to tell 10 kinds of clothes apart.

20 hidden layers of 100 units, each a linear map, batch normalisation and a ReLU; He
initialisation, Adam, gradients clipped to norm 1. Without these a net this deep hardly
trains at all: try `--norm none --init default --clip 0` beside it.

    python examples/01_deep_mlp.py                 trains on Fashion-MNIST, prints its test accuracy
    python examples/01_deep_mlp.py --help          everything that can be changed
"""

import argparse
import time

from tqdm import tqdm

import minigrad
from minigrad import nn, optim
from minigrad.datasets import Digits, FashionMNIST
from minigrad.utils.data import DataLoader, TensorDataset


def load():
    """(training set, test set, classes, epochs): images as rows of pixels with mean 0 and variance 1."""
    epochs = 5
    try:
        train = FashionMNIST(train=True, download=True)
        test = FashionMNIST(train=False, download=True)
    except OSError as error:
        reason = str(error).splitlines()[0].rstrip(":")
        print(f"Fashion-MNIST is not here and could not be downloaded ({reason}); "
              "training on the handwritten digits that come with minigrad.")
        train, test = Digits(train=True), Digits(train=False)
        epochs = 60     # they are few
    pixels = train.data.float()
    mean, std = pixels.mean(), pixels.std()

    def rows(dataset):
        return TensorDataset(((dataset.data.float() - mean) / std).flatten(1), dataset.targets)

    return rows(train), rows(test), len(train.classes), epochs


def build(inputs, outputs, depth, width, norm, init):
    """Linear, batch norm, ReLU, `depth` times over; then one linear layer to the classes."""
    layers = []
    for _ in range(depth):
        linear = nn.Linear(inputs, width)
        if init == "he":
            nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
            nn.init.zeros_(linear.bias)
        layers += [linear] + ([nn.BatchNorm1d(width)] if norm == "batch" else []) + [nn.ReLU()]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, outputs))


def train_epoch(model, loader, optimizer, clip, description):
    """One pass over the training set; gives the mean loss."""
    loss_of = nn.CrossEntropyLoss()
    total = 0.0
    model.train()
    with tqdm(loader, desc=description, unit="batch") as bar:
        for step, (x, y) in enumerate(bar, start=1):
            optimizer.zero_grad()
            loss = loss_of(model(x), y)
            loss.backward()
            if clip:
                nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            total += loss.item()
            if step % 20 == 0:
                bar.set_postfix(loss=f"{total / step:.3f}")
    return total / len(loader)


@minigrad.no_grad()
def accuracy(model, dataset):
    """The share of a set's images whose most probable class is the right one."""
    model.eval()
    right = sum((model(x).argmax(1) == y).sum().item() for x, y in DataLoader(dataset, batch_size=1000))
    return right / len(dataset)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--depth", type=int, default=20, help="hidden layers (default: %(default)s)")
    parser.add_argument("--width", type=int, default=100, help="units in each (default: %(default)s)")
    parser.add_argument("--epochs", type=int, help="passes over the training set (default: 5; for the digits 60)")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--lr", type=float, default=2e-3, help="Adam's learning rate (default: %(default)s)")
    parser.add_argument("--norm", choices=("batch", "none"), default="batch")
    parser.add_argument("--init", choices=("he", "default"), default="he", help="default: PyTorch's default")
    parser.add_argument("--clip", type=float, default=1.0, help="largest gradient norm; 0: no clipping")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    minigrad.manual_seed(options.seed)
    train, test, classes, epochs = load()
    epochs = options.epochs or epochs
    model = build(train[0][0].numel(), classes, options.depth, options.width, options.norm, options.init)
    optimizer = optim.Adam(model.parameters(), lr=options.lr)
    loader = DataLoader(train, batch_size=options.batch_size, shuffle=True, drop_last=True)
    print(f"{options.depth} hidden layers of {options.width}, "
          f"{sum(p.numel() for p in model.parameters()):,} parameters, {len(train):,} images")

    start = time.perf_counter()
    for epoch in range(1, epochs + 1):
        for group in optimizer.param_groups:        # the rate falls linearly, so that the end is calm
            group["lr"] = options.lr * (1 - (epoch - 1) / epochs)
        loss = train_epoch(model, loader, optimizer, options.clip, f"epoch {epoch}/{epochs}")
        print(f"epoch {epoch}: training loss {loss:.3f}, test accuracy {accuracy(model, test):.2%}")
    print(f"test accuracy {accuracy(model, test):.2%} after {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
