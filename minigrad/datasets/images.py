"""What all image sets share: items, and whole batches of them."""

import numpy as np

import minigrad  # its names are looked up when used
from minigrad.utils.data import Dataset

__all__ = ["ImageSet"]


class ImageSet(Dataset):
    """Images uint8 in `data`, labels in `targets`; both may be replaced.

    data: a Tensor (N, H, W), or an array (N, H, W, C). targets: a Tensor (N,) int64, or a list of ints.
    """

    classes = []

    def __init__(self, data, targets, train, transform, target_transform):
        for name, f in (("transform", transform), ("target_transform", target_transform)):
            if f is not None and not callable(f):
                raise TypeError(f"{type(self).__name__}: {name} is a {type(f).__name__}; it must be callable or None")
        self.data = data
        self.targets = targets
        self.train = bool(train)
        self.transform = transform
        self.target_transform = target_transform

    @property
    def class_to_idx(self):
        """{name of a class: its number}"""
        return {name: i for i, name in enumerate(self.classes)}

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        image, label = self.data[index], int(self.targets[index])
        copy = getattr(image, "clone", None) or getattr(image, "copy", None)
        if copy is not None:
            image = copy()  # a transform may write into it
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            label = self.target_transform(label)
        return image, label

    def _batch_reader(self):
        data, targets = self.data, self.targets
        if isinstance(targets, list):
            targets = np.array(targets)
        if isinstance(targets, np.ndarray) and targets.dtype == np.int64:
            targets = minigrad.from_numpy(targets)
        gray = isinstance(data, minigrad.Tensor) and len(data.shape) == 3
        if not gray and not (isinstance(data, np.ndarray) and data.ndim == 4):
            return None
        if self.target_transform is not None or not isinstance(targets, minigrad.Tensor):
            return None
        if targets.dtype != minigrad.int64 or len(targets.shape) != 1:
            return None
        if self.transform is None:
            return lambda rows: [_tensor(data[rows]), targets[rows]]
        from minigrad.transforms.container import batch_form

        form = batch_form(self.transform)
        return None if form is None else lambda rows: [_tensor(form(data[rows])), targets[rows]]

    def __repr__(self):
        return (
            f"{type(self).__name__}({len(self)} images of {' x '.join(map(str, self.data.shape[1:]))}, "
            f"{'train' if self.train else 'test'}, transform={self.transform})"
        )


def _tensor(images):
    return minigrad.from_numpy(images) if isinstance(images, np.ndarray) else images
