"""Layers that change a tensor's shape and nothing else."""

from minigrad.nn.module import Module


class Flatten(Module):
    """The axes from start_dim to end_dim as one: (N, C, H, W) -> (N, C H W)."""

    def __init__(self, start_dim=1, end_dim=-1):
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input):
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self):
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """The axis dim as several: Unflatten(1, (C, H, W)) takes (N, C H W) -> (N, C, H, W).

    One of the sizes may be -1, for what is left.
    """

    def __init__(self, dim, unflattened_size):
        super().__init__()
        if not isinstance(dim, int) or not all(isinstance(n, int) for n in unflattened_size):
            raise TypeError(f"Unflatten: expected integers, got dim {dim!r} and sizes {unflattened_size!r}")
        self.dim = dim
        self.unflattened_size = tuple(unflattened_size)

    def forward(self, input):
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self):
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
