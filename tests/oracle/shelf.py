"""Which of op_db's entries the exam asks for, and where minigrad keeps each of them.

An entry is a name of op_db, with its variant behind a slash. Everything is there: while
COMPLETE is True, lacking one is a failure; False skips what is lacking with "not here yet".
"""

from adapter import Declined

COMPLETE = True

SHELF = {
    "creation": """
        arange linspace linspace/tensor_overload zeros ones full empty eye zeros_like ones_like full_like
        empty_like randn randn_like rand_like randint randint_like bernoulli normal normal/number_mean
        normal/in_place uniform exponential multinomial""",
    "arithmetic": """
        add sub mul div/no_rounding_mode div/trunc_rounding div/floor_rounding true_divide floor_divide pow
        remainder neg abs exp expm1 exp2 log log1p log2 log10 sqrt rsqrt square reciprocal sin cos tan asin acos
        atan sinh cosh erf erfc sign clamp clamp_min clamp_max maximum minimum where floor ceil round
        round/decimals_0 round/decimals_3 round/decimals_neg_3 trunc lerp addcmul addcdiv eq ne lt le gt ge
        logical_and logical_or logical_xor logical_not isnan isinf isfinite __radd__ __rsub__ __rmul__ __rdiv__
        __rpow__ __rmod__ __rmatmul__""",
    "linear algebra": """
        matmul mm mv dot outer bmm addmm addmm/decomposed baddbmm einsum tensordot norm norm/fro norm/inf norm/nuc
        linalg.vector_norm""",
    "reductions": """
        sum mean prod var var/unbiased std std/unbiased amax amin max/reduction_no_dim max/reduction_with_dim
        max/binary min/reduction_no_dim min/reduction_with_dim min/binary argmax argmin any all logsumexp cumsum
        cumprod median sort argsort topk unique""",
    "shape": """
        reshape view view_as reshape_as flatten unflatten squeeze squeeze/multiple unsqueeze transpose permute T t
        mT expand expand_as broadcast_to repeat cat stack split split/list_args chunk unbind flip roll tril triu
        diag __getitem__ slice index_put gather scatter index_select index_add take_along_dim masked_fill
        masked_select nn.functional.one_hot nn.functional.pad/constant nn.functional.pad/reflect
        nn.functional.pad/replicate nn.functional.pad/replicate_negative nn.functional.pad/circular clone
        contiguous to bool byte char double float half int long short item movedim narrow ravel select
        split_with_sizes fill zero_""",
    "activations": """
        sigmoid nn.functional.logsigmoid tanh softmax softmax/with_dtype log_softmax log_softmax/with_dtype
        nn.functional.softmin nn.functional.softmin/with_dtype nn.functional.relu nn.functional.relu6
        nn.functional.leaky_relu nn.functional.prelu nn.functional.rrelu nn.functional.elu nn.functional.celu
        nn.functional.selu nn.functional.gelu nn.functional.silu nn.functional.mish nn.functional.softplus
        nn.functional.softsign nn.functional.hardtanh nn.functional.hardsigmoid nn.functional.hardswish
        nn.functional.tanhshrink nn.functional.softshrink nn.functional.hardshrink nn.functional.threshold
        nn.functional.glu nn.functional.dropout nn.functional.alpha_dropout""",
    "normalisation and losses": """
        nn.functional.batch_norm nn.functional.layer_norm nn.functional.rms_norm nn.functional.group_norm
        nn.functional.instance_norm nn.functional.normalize nn.functional.linear nn.functional.bilinear
        nn.functional.embedding nn.functional.mse_loss nn.functional.l1_loss nn.functional.smooth_l1_loss
        nn.functional.huber_loss nn.functional.cross_entropy nn.functional.nll_loss
        nn.functional.binary_cross_entropy nn.functional.binary_cross_entropy_with_logits nn.functional.kl_div
        nn.functional.hinge_embedding_loss nn.functional.margin_ranking_loss nn.functional.gaussian_nll_loss
        nn.functional.poisson_nll_loss nn.functional.cosine_similarity nn.functional.cosine_embedding_loss""",
}

# Nobody asked for these; where minigrad has them, they are examined, too.
BESIDE = """
    acosh asinh atanh atan2 addmv addbmm addr vdot inner kron cross linalg.cross linalg.vecdot linalg.norm
    linalg.norm/subgradients_at_zero linalg.multi_dot linalg.matrix_power logaddexp logaddexp2 xlogy hypot fmod
    fmax fmin frac positive sgn sinc logit erfinv lgamma digamma heaviside copysign nan_to_num deg2rad rad2deg
    rsub float_power bitwise_and bitwise_or bitwise_xor bitwise_not bitwise_left_shift bitwise_right_shift
    isclose allclose equal isposinf isneginf isin signbit var_mean var_mean/unbiased std_mean std_mean/unbiased aminmax
    count_nonzero nansum nanmean nanmedian cummax cummin quantile mode kthvalue diff trace logcumsumexp
    meshgrid/variadic_tensors meshgrid/list_of_tensors broadcast_tensors hstack vstack dstack column_stack tile
    atleast_1d atleast_2d atleast_3d rot90 fliplr flipud diagonal diag_embed diagflat block_diag
    tensor_split hsplit vsplit dsplit repeat_interleave unfold nonzero argwhere scatter_add index_fill index_copy
    masked_scatter take put scatter_reduce/sum scatter_reduce/prod scatter_reduce/mean scatter_reduce/amin
    scatter_reduce/amax sum_to_size new_zeros new_ones new_full new_empty bincount histc searchsorted bucketize
    unique_consecutive nn.functional.soft_margin_loss nn.functional.multi_margin_loss
    nn.functional.multilabel_margin_loss nn.functional.multilabel_soft_margin_loss
    nn.functional.triplet_margin_loss nn.functional.pairwise_distance nn.functional.dropout2d cdist dist renorm"""

# Of module_db; EXTRA_MODULES has what it forgets.
MODULES = """
    Linear Bilinear Embedding BatchNorm1d BatchNorm2d BatchNorm3d LayerNorm RMSNorm GroupNorm InstanceNorm1d
    InstanceNorm2d InstanceNorm3d RNN LSTM GRU RNNCell LSTMCell GRUCell
    ReLU ReLU6 LeakyReLU PReLU ELU CELU SELU GELU SiLU Mish Softplus Softsign Hardtanh Hardswish Tanhshrink
    Softshrink Hardshrink Threshold GLU Sigmoid LogSigmoid Tanh Softmax Softmax2d LogSoftmax Softmin MSELoss L1Loss
    SmoothL1Loss HuberLoss CrossEntropyLoss NLLLoss BCELoss BCEWithLogitsLoss KLDivLoss HingeEmbeddingLoss
    MarginRankingLoss SoftMarginLoss MultiMarginLoss MultiLabelMarginLoss MultiLabelSoftMarginLoss
    GaussianNLLLoss PoissonNLLLoss CosineEmbeddingLoss"""

_IMAGES = "made for images, which networks of fully connected layers flatten"
_ATTENTION = "attention, which is another kind of network"
DECLINED_MODULES = {
    **{f"{lazy}Conv{t}{n}d": _IMAGES for lazy in ("", "Lazy") for t in ("", "Transpose") for n in (1, 2, 3)},
    **{f"{kind}Pool{n}d": _IMAGES for kind in ("Avg", "Max", "LP", "AdaptiveAvg", "AdaptiveMax") for n in (1, 2, 3)},
    **{f"FractionalMaxPool{n}d": _IMAGES for n in (2, 3)},
    **{f"{kind}Pad{n}d": _IMAGES for kind in ("Zero", "Constant", "Reflection", "Replication", "Circular")
       for n in (1, 2, 3)},
    "LocalResponseNorm": _IMAGES,
    "TransformerEncoder": _ATTENTION,
    "TransformerEncoderLayer": _ATTENTION,
    "TransformerDecoderLayer": _ATTENTION,
    "Transformer": _ATTENTION,
    "MultiheadAttention": _ATTENTION,
    "CTCLoss": "aligns sequences, for speech and handwriting",
    "LinearCrossEntropyLoss": "Linear and CrossEntropyLoss in one, to save memory with very many classes",
}

# minigrad's own modules that the exam does not ask for.
NOT_ASKED = {
    **dict.fromkeys(["Module", "RNNBase", "RNNCellBase"], "what others are made from"),
    **dict.fromkeys(["Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict"],
                    "holds others; tests/nn/test_container.py"),
    **dict.fromkeys(["GaussianNoise", "Residual", "MLP"], "torch has none; tests/nn has theirs"),
}

OPTIMIZERS = "SGD Adam AdamW RMSprop Adagrad Adadelta Adamax NAdam RAdam ASGD Rprop LBFGS Adafactor Muon"
DECLINED_OPTIMIZERS = {"SparseAdam": "it takes sparse gradients only, and there are no sparse tensors"}

# ---- what is declined ----------------------------------------------------------------------------

# An entry that is not walked at all, and why.
DECLINED = {
    "nn.functional.batch_norm/without_cudnn": "the same questions as nn.functional.batch_norm",
    "nn.functional.silu/complex": "complex numbers",
    "bmm/triton_optimized": "sizes for a GPU; bmm itself is asked",
}

# Single samples: entry -> (what is special about them, a test of the sample). The adapter declines on
# its own what no tensor of minigrad can be: complex numbers, bfloat16, sparse layouts, out=.
DECLINED_SAMPLES = {}


def decline(entries, reason, test):
    for entry in entries.split():
        DECLINED_SAMPLES.setdefault(entry, []).append((reason, test))


def answer(entries, reason, test):
    for entry in entries.split():
        ANSWERED.setdefault(entry, []).append((reason, test))


def _no_tensor(sample):
    return all(isinstance(value, (bool, int, float)) for value in (sample.input, *sample.args))


def _number_first(sample):
    return isinstance(sample.input, (bool, int, float))


def _integers(sample):
    return not sample.input.is_floating_point()


# Error samples that minigrad answers on purpose: entry -> (reason, test of the sample).
ANSWERED = {}

decline("add sub mul div/no_rounding_mode div/trunc_rounding div/floor_rounding true_divide floor_divide pow "
        "remainder fmod eq ne lt le gt ge",
        "two Python numbers: without a tensor Python's own operators do", _no_tensor)
decline("__rpow__", "an integer to a negative power, which torch says is 0 and minigrad refuses",
        lambda sample: (isinstance(sample.input, int) and sample.input < 0)
        or (not _number_first(sample) and _integers(sample) and bool((sample.input < 0).any())))
decline("addmm baddbmm addmv addbmm addr", "a fraction as alpha or beta of integers, which torch cuts off in silence",
        lambda sample: _integers(sample) and any(value % 1 for value in sample.kwargs.values()))
decline("nn.functional.linear nn.functional.bilinear", "integers: a layer's numbers are floating", _integers)
decline("nn.functional.hinge_embedding_loss nn.functional.margin_ranking_loss nn.functional.gaussian_nll_loss",
        "input and target of different shapes, which torch broadcasts in silence and minigrad refuses",
        lambda sample: sample.input.shape != sample.args[0].shape)
decline("nn.functional.batch_norm", "an input without channels", lambda sample: sample.input.ndim < 2)
answer("eq ne lt le gt ge fmod copysign rsub", "a number on the left: 2 < x reads as well as x > 2", _number_first)
answer("maximum minimum atan2 logaddexp hypot fmax fmin float_power", "a number beside a tensor, as everywhere else",
       lambda sample: any(isinstance(value, (int, float)) for value in (sample.input, *sample.args)))
answer("__radd__ __rsub__ __rmul__ __rdiv__ __rpow__ __rmod__", "the operator's method called on a Python number",
       _number_first)

# The same for modules: name -> (reason, test of the constructor's arguments by name).
ANSWERED_MODULES = {
    "NLLLoss": [("class weights of another dtype, which are converted", lambda kwargs: "weight" in kwargs)],
}

# Entries whose numbers are not determined: only shape and dtype are compared.
UNDETERMINED = {
    "empty": "whatever lies in memory",
    "empty_like": "whatever lies in memory",
    "new_empty": "whatever lies in memory",
}

# Where equal elements are in no promised order: at which place the indices are in the result, and the axis among
# the further arguments. Other indices than torch's must name elements equal to those that torch's name.
TIES = {"sort": 1, "argsort": 0, "topk": 1, "kthvalue": 1, "mode": 1}
TIES_DIM = {"sort": 0, "argsort": 0, "topk": 1, "kthvalue": 1, "mode": 0}

# Which layouts a question makes sense in, where it is not all of them.
LAYOUTS_OF = {
    "view": ("contiguous",),        # it is the layout that decides whether there is such a view
    "view_as": ("contiguous",),
    # torch draws in the order of memory, and its own input is contiguous
    "nn.functional.dropout": ("contiguous", "gaps", "backwards", "read_only"),
    "nn.functional.alpha_dropout": ("contiguous", "gaps", "backwards", "read_only"),
    # torch fills in the order of memory, and what it fills here is contiguous
    "normal/in_place": ("contiguous",),
    "uniform": ("contiguous",),
    "exponential": ("contiguous",),
    **{f"nn.{name}": ("contiguous", "gaps", "backwards", "read_only") for name in
       "Dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout RReLU".split()},
}

# Entries whose gradient is not asked for.
NO_GRADIENT = {
    "bernoulli": "torch gives zeros: a draw does not depend smoothly on its probability",
    "normal": "torch gives zeros, which are not the gradient of mean + std * z either",
    "normal/number_mean": "torch gives zeros, which are not the gradient of mean + std * z either",
}

# PyTorch's own NaN at an infinite input, for which the limit is asked here; and its 0 for the sign
# of a NaN: here a NaN passes through.
LIMITS = {
    "sign": {float("nan"): float("nan")},
    "sgn": {float("nan"): float("nan")},
    "heaviside": {float("nan"): float("nan")},
    "nn.functional.gelu": {float("inf"): float("inf"), float("-inf"): 0.0},
    "nn.functional.softsign": {float("inf"): 1.0, float("-inf"): -1.0},
    "nn.functional.silu": {float("-inf"): 0.0},
    "nn.functional.mish": {float("-inf"): 0.0},
}

# ---- questions the bank forgets ------------------------------------------------------------------------


def _far(*args, **kwargs):
    """Logits so large that e^x is infinite, and a row that is -inf but for one."""
    def make(torch, dtype, wants):
        far = torch.tensor([[1e4, 0, -1e4, 9999], [-1e4, -1e4, -1e4, -1e4], [0, 90, 800, 1e4]], dtype=dtype)
        lost = torch.tensor([[float("-inf"), float("-inf"), 2, float("-inf")]] * 3, dtype=dtype)
        return [(x.requires_grad_(wants), args, kwargs) for x in (far, lost)]
    return make


def _ties(*args, **kwargs):
    """The extreme stands at several places: which one counts, and who gets the gradient?"""
    def make(torch, dtype, wants):
        x = torch.tensor([[1, 3, 3, 2], [5, 5, 5, 5], [-1, -2, -2, -1]], dtype=dtype)
        return [(x.requires_grad_(wants), args, kwargs)]
    return make


def _cross_entropy(torch, dtype, wants):
    """Far logits, and label smoothing, for which the bank has no sample at all."""
    (far, _, _), _ = _far()(torch, dtype, wants)
    near = torch.tensor([[0.5, -1, 2, 0.25], [3, 1, -2, 0], [-0.5, 0.125, 1, 1]], dtype=dtype).requires_grad_(wants)
    classes, some = torch.tensor([0, 1, 2]), torch.tensor([2, 3, -100])
    shares = torch.tensor([[0.25, 0.25, 0.5, 0], [1, 0, 0, 0], [0.125, 0.375, 0.25, 0.25]], dtype=dtype)
    weight = torch.tensor([1, 2, 0.5, 3], dtype=dtype)
    asked = [(far, (target,), {}) for target in (classes, some)]
    for target in (classes, some, shares):
        for reduction in ("mean", "sum", "none"):
            asked.append((near, (target,), dict(label_smoothing=0.25, reduction=reduction)))
            asked.append((near, (target,), dict(label_smoothing=0.25, reduction=reduction, weight=weight)))
    return asked


EXTRA = {
    "softmax": _far(1),
    "log_softmax": _far(1),
    "nn.functional.softmin": _far(1),
    "logsumexp": _far(1),
    "nn.functional.cross_entropy": _cross_entropy,
    "amax": _ties(1),
    "amin": _ties(1),
    "max/reduction_no_dim": _ties(),
    "min/reduction_no_dim": _ties(),
    "max/reduction_with_dim": _ties(1),
    "min/reduction_with_dim": _ties(1),
    "argmax": _ties(1),
    "argmin": _ties(1),
}

def extra_modules(torch, dtype):
    """Modules that module_db forgets: name -> [(constructor's args, kwargs, inputs), ...]."""

    def x(*shape):
        return torch.randn(shape, dtype=dtype).requires_grad_()

    rows, channels, image, volume = (4, 6), (3, 4, 5), (3, 4, 5, 2), (3, 4, 5, 2, 2)
    three = [x(5, 4), x(5, 4), x(5, 4)]
    return {
        "Identity": [((3,), {"a": 4}, [x(*rows)])],
        "Flatten": [((), {}, [x(*image)]), ((0, 1), {}, [x(*image)]), ((), {"start_dim": 2}, [x(*image)])],
        "Unflatten": [((1, (2, 3)), {}, [x(*rows)]), ((0, (-1, 2)), {}, [x(*rows)])],
        "LazyLinear": [((3,), {}, [x(*rows)]), ((3,), {"bias": False}, [x(*channels)]), ((3,), {}, [x(6)])],
        "Hardsigmoid": [((), {}, [x(*rows)]), ((), {}, [(4 * torch.randn(rows, dtype=dtype)).requires_grad_()])],
        "RReLU": [((), {}, [x(*rows)]), ((0.1, 0.4), {}, [x(*channels)])],
        "Dropout": [((), {}, [x(*rows)]), ((0.2,), {}, [x(*image)]), ((1.0,), {}, [x(*rows)])],
        "Dropout1d": [((), {}, [x(*channels)]), ((0.3,), {}, [x(4, 5)])],
        "Dropout2d": [((), {}, [x(*image)])],
        "Dropout3d": [((), {}, [x(*volume)]), ((0.3,), {}, [x(4, 5, 2, 2)])],
        "AlphaDropout": [((), {}, [x(*rows)]), ((0.2,), {}, [x(*channels)])],
        "FeatureAlphaDropout": [((), {}, [x(*channels)]), ((0.2,), {}, [x(*image)])],
        "CosineSimilarity": [((), {}, three[:2]), ((0,), {"eps": 1e-3}, three[:2]), ((2,), {}, [x(*channels)] * 2)],
        "PairwiseDistance": [((), {}, three[:2]), ((1.0,), {"keepdim": True}, three[:2]), ((3.0, 1e-3), {}, three[:2])],
        "TripletMarginLoss": [((), {}, three), ((0.5, 1.0), {"swap": True}, three), ((), {"reduction": "none"}, three)],
        "TripletMarginWithDistanceLoss": [((), {}, three), ((), {"margin": 2.0, "swap": True}, three)],
    }


# ---- how near is near ----------------------------------------------------------------------------

# |ours - torch's| <= atol * scale + rtol * |torch's|; scale is 1, or the largest finite number in
# torch's result if that is more and the entry sums (SUMS): there terms of that size cancel.
# float32 may instead agree with what PyTorch gives in float64 for the same numbers.
TOLERANCE = {"float64": (1e-10, 1e-12), "float32": (4e-6, 1e-6), "float16": (2e-3, 1e-3)}

SUMS = set("""
    addmm addmm/decomposed addmv addbmm addr baddbmm bmm matmul mm mv dot vdot outer einsum tensordot inner
    __rmatmul__ norm norm/fro linalg.vector_norm linalg.norm linalg.multi_dot linalg.matrix_power sum mean var
    var/unbiased std std/unbiased var_mean std_mean var_mean/unbiased std_mean/unbiased logsumexp cumsum cumprod
    prod trace nn.functional.batch_norm nn.functional.layer_norm nn.functional.rms_norm nn.functional.group_norm
    nn.functional.instance_norm nn.functional.normalize nn.functional.linear nn.functional.bilinear
    nn.functional.cosine_similarity nn.functional.cosine_embedding_loss softmax log_softmax nn.functional.softmin
    cdist nn.functional.cross_entropy index_add scatter_add index_put""".split())

# (rtol, atol) by dtype where the table above is too narrow, each with its reason.
WIDER = {
    # torch's backward works with alpha and 1 / alpha in float32, also for float64
    "nn.functional.celu": {"float64": (2e-6, 1e-7)},
    # torch's backward takes a sixth in float32, also for float64
    "nn.functional.hardsigmoid": {"float64": (1e-7, 1e-12)},
    "nn.Hardsigmoid": {"float64": (1e-7, 1e-12)},
    # a gradient is a sum over all steps, each of which rounds what the one before it gave
    **{f"nn.{name}": {"float32": (8e-6, 4e-6)} for name in ("RNN", "LSTM", "GRU")},
    # along an axis of length 1 the gradients are 0, and torch's are what rounding leaves
    "nn.functional.normalize": {"float64": (1e-10, 1e-10)},
    # of numbers in the hundreds: where the exact second gradient is 0, torch's is what their rounding leaves
    "logcumsumexp": {"float64": (1e-10, 1e-11)},
    # torch's second gradient adds 1e-12 to a denominator
    "nn.functional.binary_cross_entropy": {"float64": (1e-8, 1e-10)},
    # differences of gradients, in which the digits of either library's rounding come to the front
    "optim.LBFGS": {"float32": (1e-3, 1e-3)},
}


def entries():
    """Every entry of the shelf, by its room."""
    return [(room, entry) for room, names in SHELF.items() for entry in names.split()]


def beside():
    return [("beside the shelf", entry) for entry in BESIDE.split()]


# ---- where minigrad keeps it ----------------------------------------------------------------------

def _named(mg, path):
    for part in path.split("."):
        mg = getattr(mg, part, None)
    return mg


def _seeded(path):
    """op_db seeds the generator with 42 before each call of an op that draws numbers."""

    def find(mg):
        function = _named(mg, path)

        def draw(*args, **kwargs):
            mg.manual_seed(42)
            return function(*args, **kwargs)

        return function and draw

    return find


def _reflected(operator):
    import operator as operators

    function = getattr(operators, operator)
    return lambda mg: lambda x, y: function(y, x)


def _method(name, *, prepare=lambda x: x):
    return lambda mg: getattr(mg.Tensor, name, None) and (
        lambda x, *args, **kwargs: getattr(prepare(x), name)(*args, **kwargs)
    )


def _index_put(mg):
    def index_put(x, indices, values, accumulate=False):
        if accumulate and not hasattr(mg.Tensor, "index_put_"):
            raise Declined("accumulate=True: there is no index_put_ yet")
        if accumulate:
            return x.clone().index_put_(indices, values, accumulate=True)
        y = x.clone()
        y[tuple(indices)] = values
        return y

    return getattr(mg, "index_put", None) or index_put


def _slice(x, dim=0, start=None, end=None, step=1):
    return x[(slice(None),) * (dim % x.ndim) + (slice(start, end, step),)]


SPECIAL = {
    **{name: _seeded(name) for name in
       "randn randn_like randint randint_like bernoulli normal multinomial nn.functional.rrelu "
       "nn.functional.dropout nn.functional.dropout2d nn.functional.alpha_dropout".split()},
    "rand_like": _seeded("randn_like"),     # op_db's entry draws normal numbers, too
    "normal/number_mean": lambda mg: lambda std, mean, *args, **kwargs: _seeded("normal")(mg)(
        mean, std, *args, **kwargs),
    "normal/in_place": _seeded("Tensor.normal_"),
    "uniform": _seeded("Tensor.uniform_"),
    "exponential": _seeded("Tensor.exponential_"),
    "__radd__": _reflected("add"),
    "__rsub__": _reflected("sub"),
    "__rmul__": _reflected("mul"),
    "__rdiv__": _reflected("truediv"),
    "__rpow__": _reflected("pow"),
    "__rmod__": _reflected("mod"),
    "__rmatmul__": _reflected("matmul"),
    "where": lambda mg: lambda x, condition, other, **kwargs: mg.where(condition, x, other, **kwargs),
    "einsum": lambda mg: _named(mg, "einsum") and (lambda tensors, equation: mg.einsum(equation, *tensors)),
    "nn.functional.embedding": lambda mg: _named(mg, "nn.functional.embedding") and (
        lambda weight, index, **kwargs: mg.nn.functional.embedding(index, weight, **kwargs)),
    "zero_": _method("zero_", prepare=lambda x: x.clone()),
    "T": lambda mg: lambda x: x.T,
    "mT": lambda mg: lambda x: x.mT,
    "__getitem__": lambda mg: lambda x, *index: x[index[0] if len(index) == 1 else index],
    "slice": lambda mg: _slice,
    "index_put": _index_put,
    **{name: _method(name) for name in
       "contiguous sum_to_size expand expand_as to view view_as reshape_as repeat unfold new_zeros new_ones new_full "
       "new_empty item bool byte char double float half int long short".split()},
}

# Which arguments an entry writes to, as PyTorch does; what stands there afterwards is compared, too.
WRITES = {
    "normal/in_place": (0,),
    "uniform": (0,),
    "exponential": (0,),
    "nn.functional.batch_norm": (1, 2, "running_mean", "running_var"),      # the running statistics
    "nn.functional.instance_norm": (1, 2, "running_mean", "running_var"),
}


def ours(mg, entry):
    """minigrad's function for an entry, looked up now; None where there is none yet."""
    if entry in SPECIAL:
        return SPECIAL[entry](mg)
    name = entry.split("/")[0]
    return SPECIAL[name](mg) if name in SPECIAL else _named(mg, name)
