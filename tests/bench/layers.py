"""Layers that the benchmark times alone, beside the kinds of convolution: name -> (build, shape).

Written once for both frameworks, `nn` is torch.nn or minigrad.nn.
"""

LAYERS = {
    "1x1": (lambda nn: nn.Conv2d(64, 64, 1), (64, 16, 16)),
    "depthwise": (lambda nn: nn.Conv2d(64, 64, 3, padding=1, groups=64), (64, 16, 16)),
    "3x3, stride 2": (lambda nn: nn.Conv2d(32, 64, 3, 2, 1), (32, 16, 16)),
    "5x5": (lambda nn: nn.Conv2d(6, 16, 5), (6, 14, 14)),
    "1-D": (lambda nn: nn.Conv1d(32, 32, 5, padding=2), (32, 256)),
    "linear": (lambda nn: nn.Linear(512, 512), (512,)),
    "max pool": (lambda nn: nn.MaxPool2d(2), (32, 16, 16)),
    "max pool 3/2": (lambda nn: nn.MaxPool2d(3, 2, 1), (32, 16, 16)),
    "mean pool": (lambda nn: nn.AvgPool2d(2), (32, 16, 16)),
    "batch norm": (lambda nn: nn.BatchNorm2d(32), (32, 16, 16)),
    "group norm": (lambda nn: nn.GroupNorm(4, 32), (32, 16, 16)),
    "layer norm": (lambda nn: nn.LayerNorm(256), (64, 256)),
    "relu": (lambda nn: nn.ReLU(), (32, 16, 16)),
    "sigmoid": (lambda nn: nn.Sigmoid(), (32, 16, 16)),
    "dropout": (lambda nn: nn.Dropout(), (32, 16, 16)),
    "softmax": (lambda nn: nn.Softmax(-1), (64, 64)),
}
