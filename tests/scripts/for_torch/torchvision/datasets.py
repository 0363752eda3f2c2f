"""MNIST's files as a dataset of arrays."""

import os

import numpy as np
import torch


class MNIST(torch.utils.data.Dataset):
    classes = [f"{i} - {name}" for i, name in enumerate("zero one two three four five six seven eight nine".split())]

    def __init__(self, root, train, download, transform):
        part = "train" if train else "t10k"
        folder = os.path.join(root, "MNIST", "raw")
        self.images = np.fromfile(os.path.join(folder, f"{part}-images-idx3-ubyte"), np.uint8)[16:].reshape(-1, 28, 28)
        self.labels = np.fromfile(os.path.join(folder, f"{part}-labels-idx1-ubyte"), np.uint8)[8:]
        self.transform = transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.transform(self.images[i]), int(self.labels[i])
