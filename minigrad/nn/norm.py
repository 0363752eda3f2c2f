"""Normalisation layers."""

from math import inf

from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.creation import ones, zeros
from minigrad.ops.norm import batch_norm
from minigrad.tensor import tensor


class _BatchNorm(Module):
    """What BatchNorm1d and BatchNorm2d share: all but the shapes they take."""

    _version = 2  # as PyTorch's, where 2 brought num_batches_tracked
    _ranks = ()
    _shapes = ""

    def __init__(
        self,
        num_features,
        eps=1e-5,
        momentum=0.1,
        affine=True,
        track_running_stats=True,
        device=None,
        dtype=None,
        *,
        bias=True,
    ):
        super().__init__()
        if not 0 <= eps < inf:
            raise ValueError(f"{self._get_name()}: eps must be finite and at least 0, got {eps}")
        if momentum is not None and not 0 <= momentum <= 1:
            raise ValueError(
                f"{self._get_name()}: momentum is the share of the new batch, in [0, 1], or None for the average of "
                f"all batches; got {momentum}"
            )
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        new = {"device": device, "dtype": dtype}
        self.register_parameter("weight", Parameter(ones(num_features, **new)) if affine else None)
        self.register_parameter("bias", Parameter(zeros(num_features, **new)) if affine and bias else None)
        track = track_running_stats
        self.register_buffer("running_mean", zeros(num_features, **new) if track else None)
        self.register_buffer("running_var", ones(num_features, **new) if track else None)
        self.register_buffer("num_batches_tracked", tensor(0) if track else None)

    def reset_running_stats(self):
        """Running mean 0, running variance 1, no batch seen."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self):
        """reset_running_stats(), and weight 1, bias 0."""
        self.reset_running_stats()
        for parameter, value in ((self.weight, 1.0), (self.bias, 0.0)):
            if parameter is not None:
                parameter.data.fill_(value)

    def forward(self, input):
        if input.ndim not in self._ranks:
            raise self._complaint(input)
        buffers, own = self._buffers, self._parameters
        running_mean, running_var = buffers["running_mean"], buffers["running_var"]
        momentum = self.momentum
        counts = None
        if self.training and running_mean is not None:
            counts = buffers["num_batches_tracked"].numpy()
            if momentum is None:
                momentum = 1.0 / (int(counts) + 1)
        by_batch = self.training or running_mean is None
        try:
            y = batch_norm(
                input, running_mean, running_var, own["weight"], own["bias"], by_batch, momentum or 0.0, self.eps
            )
        except ValueError:
            complaint = self._complaint(input)
            if complaint is None:
                raise
            raise complaint from None
        if counts is not None:
            counts += 1
        return y

    def _complaint(self, input):
        """The error for an input that does not fit, with this layer's name; None if it fits."""
        shape = tuple(input.shape)
        who = f"{self._get_name()}({self.num_features})"
        if len(shape) not in self._ranks or shape[1] != self.num_features:
            return ValueError(f"{who}: expected input {self._shapes.replace('C', str(self.num_features))}, got {shape}")
        by_batch = self.training or self._buffers["running_mean"] is None
        if not by_batch or input.numel() != shape[1]:
            return None
        return ValueError(
            f"{who}: a training batch of shape {shape} has one value for each channel, so no variance; "
            "use drop_last=True in the DataLoader, or model.eval()"
        )

    def _load_from(self, loading, prefix):
        key = prefix + "num_batches_tracked"
        version = loading.metadata.get(prefix[:-1], {}).get("version")
        if self.num_batches_tracked is not None and key not in loading.state and (version is None or version < 2):
            loading.state[key] = self.num_batches_tracked.clone()  # saved before there was one
        super()._load_from(loading, prefix)

    def extra_repr(self):
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class BatchNorm1d(_BatchNorm):
    """y = (x - mean) / sqrt(var + eps) * weight + bias, channel by channel.

    Shapes: x and y (N, C) or (N, C, L); weight and bias (C).
    In training mean and var are the batch's, and the running ones move towards them:
        running <- (1 - momentum) running + momentum batch        (the unbiased variance)
    or, with momentum None, become their average over all batches seen. In evaluation mean
    and var are the running ones, or the batch's where track_running_stats is False.
    Errors: ValueError for a shape that does not fit, and for a training batch of one.

    Ioffe and Szegedy, ICML 2015.
    """

    _ranks = (2, 3)
    _shapes = "(N, C) or (N, C, L)"


class BatchNorm2d(_BatchNorm):
    """BatchNorm1d for images: x and y (N, C, H, W)."""

    _ranks = (4,)
    _shapes = "(N, C, H, W)"
