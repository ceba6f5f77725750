"""What to write for names of PyTorch that minigrad lacks: the code between backticks exists."""

_SEQUENCE = (
    "`nn.Conv1d` or `nn.CausalConv1d` over the sequence (lessons 11 and 12), or "
    "`nn.TransformerEncoder`"
)
_LINALG = "NumPy on `x.detach().numpy()`, without gradient: numpy.linalg has it"
_FUSED = "write the formula, "
_NO_GPU = "nothing, minigrad computes on the CPU; leave the line out"
_ONE_PROCESS = "nothing, minigrad trains in one process, `torch.set_num_threads` sets its threads"
_WEIGHT = "`nn.init.trunc_normal_` and `nn.LayerNorm` or `nn.BatchNorm2d`, which need no such norm"
_CLASSIC = "`filters.sharpen` and `filters.apply`"

INSTEAD = {
    # formulas
    "torch.addmm": f"{_FUSED}`c + a @ b`",
    "torch.addmv": f"{_FUSED}`c + a @ v`",
    "torch.addr": f"{_FUSED}`c + u.unsqueeze(1) * v`",
    "torch.baddbmm": f"{_FUSED}`c + a @ b`",
    "torch.addcmul": f"{_FUSED}`c + value * a * b`",
    "torch.addcdiv": f"{_FUSED}`c + value * a / b`",
    "torch.lerp": f"{_FUSED}`a + weight * (b - a)`",
    "torch.mv": "`a @ v`",
    "torch.inner": "`a @ b.mT`",
    "torch.ger": "`u.unsqueeze(1) * v`",
    "torch.hypot": "`(a * a + b * b).sqrt()`",
    "torch.dist": "`(a - b).norm()`",
    "torch.cdist": "`(a.unsqueeze(-2) - b.unsqueeze(-3)).norm(dim=-1)`",
    "torch.log2": "`x.log() / math.log(2)`",
    "torch.log10": "`x.log() / math.log(10)`",
    "torch.exp2": "`(x * math.log(2)).exp()`",
    "torch.expm1": "`x.exp() - 1`",
    "torch.tan": "`x.sin() / x.cos()`",
    "torch.sinh": "`(x.exp() - (-x).exp()) / 2`",
    "torch.cosh": "`(x.exp() + (-x).exp()) / 2`",
    "torch.logit": "`(x / (1 - x)).log()`",
    "torch.remainder": "`x - y * (x / y).floor()`",
    "torch.floor_divide": "`(x / y).floor()`",
    "torch.true_divide": "`x / y`",
    "torch.multiply": "`x * y`",
    "torch.subtract": "`x - y`",
    "torch.negative": "`-x`",
    "torch.absolute": "`x.abs()`",
    "torch.std_mean": "`x.std(), x.mean()`",
    "torch.var_mean": "`x.var(), x.mean()`",
    "torch.aminmax": "`x.amin(), x.amax()`",
    "torch.count_nonzero": "`(x != 0).sum()`",
    "torch.nan_to_num": "`torch.where(x.isnan(), 0.0, x)`",
    "torch.median": "`x.sort(-1)[0][..., (x.shape[-1] - 1) // 2]`, over the last axis",
    "torch.kthvalue": "`x.sort(-1)[0][..., k - 1]`",
    "torch.vstack": "`torch.cat([a, b])` of matrices",
    "torch.hstack": "`torch.cat([a, b], 1)` of matrices",
    "torch.column_stack": "`torch.stack([u, v], 1)`",
    "torch.ravel": "`x.flatten()`",
    "torch.fliplr": "`x.flip(1)`",
    "torch.flipud": "`x.flip(0)`",
    "torch.broadcast_to": "`x.expand(*shape)`",
    "torch.take_along_dim": "`x.gather(dim, index)`",
    "torch.scatter": "`x.scatter_add(dim, index, src)`, which adds",
    "torch.index_add": "`x.scatter_add(dim, index, src)`",
    "torch.multinomial": "`torch.utils.data.WeightedRandomSampler`, or `numpy.random.choice`",
    "torch.complex64": "two real tensors: `torch.stack([a, b], -1)`",
    "torch.bfloat16": "`torch.float32`",
    "torch.half": "`torch.float32`",
    # modules
    "torch.autograd": (
        "`x.backward()` and `minigrad.debug.gradcheck`; an op of your own is a function for "
        "`minigrad.apply`; to find nan, `minigrad.debug.detect_nan`"
    ),
    "torch.linalg": _LINALG,
    "torch.svd": _LINALG,
    "torch.inverse": _LINALG,
    "torch.det": _LINALG,
    "torch.fft": "numpy.fft on `x.detach().numpy()`, without gradient",
    "torch.distributed": _ONE_PROCESS,
    "torch.multiprocessing": _ONE_PROCESS,
    "torch.distributions": "`torch.randn` and `torch.rand`, and the density as a formula",
    "torch.hub": "`minigrad.load` of a file that you have; nothing is fetched from a hub",
    "torch.onnx": "`minigrad.save` of `model.state_dict()`, which PyTorch loads",
    "torch.profiler": "`minigrad.summary`, or Python's cProfile",
    "torch.func": "`x.backward()`: there are no higher derivatives",
    "torch.sparse": "dense tensors",
    "torch.use_deterministic_algorithms": (
        "nothing, `torch.manual_seed` and as many threads give the same bits"
    ),
    "utils.tensorboard": "`minigrad.train.History`, and `minigrad.plot` for pictures",
    "utils.checkpoint": "a smaller batch: gradients are not computed anew",
    # layers
    "nn.LSTM": _SEQUENCE,
    "nn.GRU": _SEQUENCE,
    "nn.RNN": _SEQUENCE,
    "nn.LSTMCell": _SEQUENCE,
    "nn.GRUCell": _SEQUENCE,
    "nn.RNNCell": _SEQUENCE,
    "nn.Transformer": "`nn.TransformerEncoder`",
    "nn.TransformerDecoder": "`nn.TransformerEncoder` and `nn.MultiheadAttention`",
    "nn.TransformerDecoderLayer": "`nn.TransformerEncoderLayer` and `nn.MultiheadAttention`",
    "nn.EmbeddingBag": "`nn.Embedding`, then `.mean(1)`",
    "nn.Bilinear": "`torch.einsum`, with an `nn.Parameter`",
    "nn.SyncBatchNorm": "`nn.BatchNorm2d`",
    "nn.LazyConv2d": "`nn.Conv2d` with its channels; an error tells how many arrive",
    "nn.LazyLinear": "`nn.Linear` with its features; an error tells how many arrive",
    "nn.LazyBatchNorm2d": "`nn.BatchNorm2d` with its channels",
    "nn.RMSNorm": "`x * (x.square().mean(-1, keepdim=True) + eps).rsqrt()`, or `nn.LayerNorm`",
    "nn.LocalResponseNorm": "`nn.BatchNorm2d`",
    "nn.AlphaDropout": "`nn.Dropout`",
    "nn.SELU": "`1.0507010 * F.elu(x, 1.6732632)`",
    "nn.CELU": "`nn.ELU`",
    "nn.RReLU": "`nn.LeakyReLU`",
    "nn.LogSigmoid": "`-F.softplus(-x)`",
    "nn.Softmax2d": "`nn.Softmax(1)`",
    "nn.UpsamplingNearest2d": '`nn.Upsample(scale_factor=2, mode="nearest")`',
    "nn.UpsamplingBilinear2d": (
        '`nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)`'
    ),
    "nn.MaxUnpool2d": "`nn.Upsample` or `nn.ConvTranspose2d`",
    "nn.FractionalMaxPool2d": "`nn.AdaptiveMaxPool2d`",
    "nn.LPPool2d": "`nn.AvgPool2d` or `nn.MaxPool2d`",
    "nn.ParameterDict": "a plain dict of `nn.Parameter` as an attribute, which is found too",
    "nn.CTCLoss": "`nn.CrossEntropyLoss` on one label a step",
    "nn.TripletMarginLoss": "`F.relu((a - b).norm(dim=1) - (a - c).norm(dim=1) + 1).mean()`",
    "nn.HingeEmbeddingLoss": "`torch.where(y == 1, x, F.relu(1 - x)).mean()`",
    "nn.SoftMarginLoss": "`F.softplus(-y * x).mean()`",
    "nn.GaussianNLLLoss": "`((x - y) ** 2 / var + var.log()).mean() / 2`",
    "nn.functional.grid_sample": "`F.deform_conv2d` samples between pixels, `F.interpolate` scales",
    "nn.functional.affine_grid": "`transforms.RandomAffine` for images of a data set",
    "nn.functional.logsigmoid": "`-F.softplus(-x)`",
    "nn.functional.pairwise_distance": "`(a - b).norm(dim=1)`",
    "nn.functional.selu": "`1.0507010 * F.elu(x, 1.6732632)`",
    "nn.functional.gumbel_softmax": "`F.softmax(x - (-torch.rand(*x.shape).log()).log(), -1)`",
    "nn.functional.ctc_loss": "`F.cross_entropy` on one label a step",
    "nn.functional.glu": "`a * b.sigmoid()`, with `a, b = x.chunk(2, -1)`",
    "nn.utils.spectral_norm": _WEIGHT,
    "nn.utils.weight_norm": _WEIGHT,
    "nn.utils.clip_grad_norm": "`nn.utils.clip_grad_norm_`",
    "nn.utils.parameters_to_vector": "`torch.cat([p.flatten() for p in model.parameters()])`",
    "nn.utils.rnn": "`torch.stack` of sequences that a collate_fn made equally long",
    # optimizers
    "optim.SparseAdam": "`optim.Adam`",
    "optim.ASGD": "`optim.SGD`",
    "optim.Rprop": "`optim.RMSprop`",
    "optim.swa_utils": "`copy.deepcopy(model.state_dict())` and the mean of such dicts",
    "optim.lr_scheduler.CyclicLR": "`optim.lr_scheduler.OneCycleLR`",
    "optim.lr_scheduler.PolynomialLR": "`optim.lr_scheduler.LambdaLR`",
    "optim.lr_scheduler.ChainedScheduler": "`optim.lr_scheduler.SequentialLR`",
    # data
    "utils.data.IterableDataset": "`utils.data.Dataset`, with `__len__` and `__getitem__`",
    "utils.data.get_worker_info": "nothing, a `utils.data.DataLoader` loads in one process",
    "utils.data.distributed": "`utils.data.RandomSampler`",
    "datasets.*": (
        "`datasets.MNIST`, `datasets.FashionMNIST`, `datasets.CIFAR10`, `datasets.CIFAR100`, "
        "`datasets.Digits`, or arrays of your own in `utils.data.TensorDataset`"
    ),
    "transforms.FiveCrop": "`transforms.CenterCrop`",
    "transforms.TenCrop": "`transforms.CenterCrop`",
    "transforms.RandomPerspective": "`transforms.RandomAffine`",
    "transforms.GaussianBlur": "`filters.gaussian` and `filters.apply`",
    "transforms.v2": "`transforms`, which work on one image and, by `.batch`, on many",
    "transforms.AutoAugment": "`transforms.RandomAffine` and `transforms.RandomErasing`",
    "transforms.RandAugment": "`transforms.RandomAffine` and `transforms.RandomErasing`",
    "transforms.RandomAdjustSharpness": _CLASSIC,
    "models.*": (
        "`models.lenet5`, `models.mnist_cnn`, `models.resnet20`, `models.mobilenet_tiny`, with "
        "random weights"
    ),
    "cuda.*": _NO_GPU,
}
