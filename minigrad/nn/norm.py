"""Normalisation layers."""

from math import inf

from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.creation import ones, zeros
from minigrad.ops.group_norm import group_norm, instance_norm
from minigrad.ops.norm import batch_norm_of, layer_norm, rms_norm
from minigrad.tensor import tensor


class _BatchNorm(Module):
    """What BatchNorm1d, 2d and 3d share: all but the shapes they take."""

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
        _reset(self.weight, self.bias)

    def forward(self, input):
        if input.ndim not in self._ranks:
            raise self._complaint(input)
        buffers, training = self._buffers, self.training
        mean, batches = buffers["running_mean"], buffers["num_batches_tracked"] if training else None
        try:
            return batch_norm_of(
                input, mean, buffers["running_var"], batches, self.weight, self.bias,
                training or mean is None, self.momentum, self.eps,
            )  # fmt: skip
        except ValueError:
            complaint = self._complaint(input)
            if complaint is None:
                raise
            raise complaint from None

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

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *rest):
        key, version = prefix + "num_batches_tracked", local_metadata.get("version")
        if self.num_batches_tracked is not None and key not in state_dict and (version is None or version < 2):
            state_dict[key] = self.num_batches_tracked.clone()  # saved before there was one
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

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
    """y = (x - E[x]) / sqrt(Var[x] + eps) * weight + bias for images, x and y (N, C, H, W): BatchNorm1d, with a
    channel's mean and variance taken over N, H and W.

    Ioffe and Szegedy, ICML 2015.
    """

    _ranks = (4,)
    _shapes = "(N, C, H, W)"


class BatchNorm3d(_BatchNorm):
    """BatchNorm1d for volumes: x and y (N, C, D, H, W)."""

    _ranks = (5,)
    _shapes = "(N, C, D, H, W)"


class InstanceNorm1d(_BatchNorm):
    """y = (x - mean) / sqrt(var + eps) * weight + bias, channel by channel of each sample.

    Shapes: x and y (N, C, L) or (C, L); weight and bias (C), only with affine.
    With track_running_stats the running mean and variance move by momentum towards the
    average of the samples', and evaluation uses them.
    Errors: ValueError for a shape that does not fit and for L = 1, which has no variance.

    Ulyanov, Vedaldi and Lempitsky, 2016.
    """

    _ranks = (2, 3)
    _shapes = "(N, C, L) or (C, L)"

    def __init__(
        self,
        num_features,
        eps=1e-5,
        momentum=0.1,
        affine=False,
        track_running_stats=False,
        device=None,
        dtype=None,
        *,
        bias=True,
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input):
        shape = tuple(input.shape)
        if len(shape) not in self._ranks or shape[-self._ranks[0]] != self.num_features:
            shapes = self._shapes.replace("C", str(self.num_features))
            raise ValueError(f"{self._get_name()}({self.num_features}): expected input {shapes}, got {shape}")
        alone = len(shape) == self._ranks[0]
        y = instance_norm(
            input.unsqueeze(0) if alone else input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )
        return y.squeeze(0) if alone else y


class InstanceNorm2d(InstanceNorm1d):
    """InstanceNorm1d for images: x and y (N, C, H, W) or (C, H, W)."""

    _ranks = (3, 4)
    _shapes = "(N, C, H, W) or (C, H, W)"


class InstanceNorm3d(InstanceNorm1d):
    """InstanceNorm1d for volumes: x and y (N, C, D, H, W) or (C, D, H, W)."""

    _ranks = (4, 5)
    _shapes = "(N, C, D, H, W) or (C, D, H, W)"


class LayerNorm(Module):
    """y = (x - mean) / sqrt(var + eps) * weight + bias, for each sample by itself.

    Shapes: x and y (..., *normalized_shape), over whose last axes mean and var are taken;
    weight and bias normalized_shape, or None without elementwise_affine (bias: without bias).
    normalized_shape: an int is one axis. Errors: ValueError for other shapes.

    Ba, Kiros and Hinton, 2016.
    """

    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True, bias=True, device=None, dtype=None):
        super().__init__()
        self.normalized_shape = _as_shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        new = {"device": device, "dtype": dtype}
        shape = self.normalized_shape
        self.register_parameter("weight", Parameter(ones(shape, **new)) if elementwise_affine else None)
        self.register_parameter("bias", Parameter(zeros(shape, **new)) if elementwise_affine and bias else None)

    def reset_parameters(self):
        """weight 1, bias 0."""
        _reset(self.weight, self.bias)

    def forward(self, input):
        return layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self):
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """y = x / sqrt(mean(x^2) + eps) * weight, for each sample by itself.

    Shapes: as LayerNorm's, which subtracts the mean, too. eps None: the dtype's own, the gap
    between 1 and the next number.

    Zhang and Sennrich, NeurIPS 2019.
    """

    def __init__(self, normalized_shape, eps=None, elementwise_affine=True, device=None, dtype=None):
        super().__init__()
        self.normalized_shape = _as_shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        weight = ones(self.normalized_shape, device=device, dtype=dtype) if elementwise_affine else None
        self.register_parameter("weight", None if weight is None else Parameter(weight))

    def reset_parameters(self):
        """weight 1."""
        _reset(self.weight, None)

    def forward(self, input):
        return rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self):
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(Module):
    """y = (x - mean) / sqrt(var + eps) * weight + bias, for each group of channels of each sample.

    Shapes: x and y (N, C, ...); weight and bias (C), or None without affine (bias: without bias).
    Errors: ValueError where num_channels is no multiple of num_groups.

    Wu and He, ECCV 2018.
    """

    def __init__(self, num_groups, num_channels, eps=1e-5, affine=True, device=None, dtype=None, *, bias=True):
        super().__init__()
        if num_groups <= 0 or num_channels % num_groups:
            raise ValueError(f"GroupNorm: {num_channels} channels do not fall into {num_groups} groups of one size")
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        new = {"device": device, "dtype": dtype}
        self.register_parameter("weight", Parameter(ones(num_channels, **new)) if affine else None)
        self.register_parameter("bias", Parameter(zeros(num_channels, **new)) if affine and bias else None)

    def reset_parameters(self):
        """weight 1, bias 0."""
        _reset(self.weight, self.bias)

    def forward(self, input):
        return group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self):
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


def _as_shape(shape):
    return (shape,) if isinstance(shape, int) else tuple(shape)


def _reset(weight, bias):
    for parameter, value in ((weight, 1.0), (bias, 0.0)):
        if parameter is not None:
            parameter.data.fill_(value)
