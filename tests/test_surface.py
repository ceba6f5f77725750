"""The names that PyTorch's scripts use, each called as the scripts call it.

`import minigrad as torch` is all that is imported, so whatever hangs on it hangs there at once. The
tables are tiers 1 and 1b of the survey of PyTorch's examples and tutorials; each row is an
expression and the shape, dtype or value that PyTorch gives for it.
"""

import numpy as np
import pytest

import minigrad as torch

nn, F, optim = torch.nn, torch.nn.functional, torch.optim
data, scheduler = torch.utils.data, torch.optim.lr_scheduler
torchvision = torch


def close(expected):
    return pytest.approx(expected, abs=1e-4)


def x():
    return torch.tensor([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])


def image():
    return torch.arange(2 * 3 * 8 * 8).float().view(2, 3, 8, 8) / 384


def image_of(size):
    return np.arange(size * size * 3).reshape(size, size, 3).astype(np.uint8)


def pair():
    return torch.ones(4, 3), torch.tensor([0, 1, 2, 0])


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 3))


TORCH = [
    ("torch.manual_seed(1) and None", None),
    ("str(torch.device('cpu'))", "cpu"),
    ("torch.accelerator.is_available()", False),
    ("torch.accelerator.current_accelerator()", None),
    ("torch.cuda.is_available()", False),
    ("setattr(torch.backends.cudnn, 'benchmark', True)", None),
    ("torch.cat([x(), x()], 1).shape", (2, 6)),
    ("torch.cat((x(), x()), dim=0).shape", (4, 3)),
    ("torch.randn(2, 3).shape", (2, 3)),
    ("torch.randn(4, 5, 1, 1, device=torch.device('cpu')).shape", (4, 5, 1, 1)),
    ("torch.tensor(np.zeros(2)).dtype", torch.float64),
    ("torch.tensor([1, 2]).dtype", torch.int64),
    ("torch.tensor(2.5).dtype", torch.float32),
    ("torch.from_numpy(np.ones(2, np.float32)).dtype", torch.float),
    ("torch.full((2,), 1, dtype=torch.float, device='cpu').tolist()", [1, 1]),
    ("torch.zeros(2, 3).shape", (2, 3)),
    ("torch.arange(3).tolist()", [0, 1, 2]),
    ("0 <= torch.randint(5, size=(1,)).item() < 5", True),
    ("torch.randn_like(x()).shape", (2, 3)),
    ("torch.where(x() > 0, x(), torch.zeros(1)).sum().item()", 13),
    ("torch.exp(torch.zeros(1)).item()", 1),
    ("torch.log1p(torch.zeros(1)).item()", 0),
    ("torch.sigmoid(torch.zeros(1)).item()", 0.5),
    ("torch.sum(x()).item()", 5),
    ("torch.mm(x(), x().t()).shape", (2, 2)),
    ("torch.flatten(image(), 1).shape", (2, 192)),
    ("torch.argmax(x()).item()", 4),
    ("torch.max(x(), 1)[1].tolist()", [2, 1]),
    ("torch.double is torch.float64", True),
    ("torch.is_grad_enabled()", True),
    ("torch.set_printoptions(precision=4)", None),
    ("torch.ones(2).sum().item()", 2),
    ("torch.rand(3).shape", (3,)),
    ("torch.stack([x(), x()]).shape", (2, 2, 3)),
    ("torch.matmul(x(), x().t()).tolist()[0]", [14, -24]),
    ("torch.zeros(1, dtype=torch.long).dtype is torch.int64", True),
    ("torch.relu(x()).sum().item()", 13),
    ("torch.tanh(torch.zeros(1)).item()", 0),
    ("torch.softmax(x(), dim=1).sum().item()", close(2)),
    ("torch.no_grad()(lambda: torch.is_grad_enabled())()", False),
    ("isinstance(x(), torch.Tensor) and isinstance(x().dtype, torch.dtype)", True),
    ("torch.linspace(0, 1, 3).tolist()", [0, 0.5, 1]),
    ("torch.eye(2).tolist()", [[1, 0], [0, 1]]),
    ("torch.bmm(image()[:, 0], image()[:, 1]).shape", (2, 8, 8)),
    ("torch.clamp(x(), 0, 1).sum().item()", 4),
    ("torch.outer(torch.ones(2), torch.ones(3)).shape", (2, 3)),
]

METHODS = [
    ("x().requires_grad_().sum().backward()", None),
    ("x().sum().item()", 5),
    ("x().to(torch.device('cpu'), non_blocking=True).shape", (2, 3)),
    ("x().size(0)", 2),
    ("x().size()", (2, 3)),
    ("x().eq(x()).sum().item()", 6),
    ("x().view(-1, 6).shape", (1, 6)),
    ("x().view_as(torch.ones(3, 2)).shape", (3, 2)),
    ("x().detach().requires_grad", False),
    ("x().unsqueeze(1).shape", (2, 1, 3)),
    ("x().argmax(dim=1, keepdim=True).tolist()", [[2], [1]]),
    ("x().argmax(axis=1).tolist()", [2, 1]),
    ("x().sum(axis=0).tolist()", [5, 3, -3]),
    ("x().mean(axis=1, keepdims=True).shape", (2, 1)),
    ("x().max(1)[0].tolist()", [3, 5]),
    ("x().max(1, keepdim=True).indices.shape", (2, 1)),
    ("x().topk(2, 1, True, True)[1].tolist()", [[2, 0], [1, 0]]),
    ("x().long().float().dtype", torch.float32),
    ("x().type(torch.float).dtype", torch.float32),
    ("x().clone().fill_(2).sum().item()", 12),
    ("x().add_(1).sum().item()", 11),
    ("x().cpu().numpy().shape", (2, 3)),
    ("x().mean().item()", close(5 / 6)),
    ("x().pow(2).sum().item()", 91),
    ("x().exp().shape", (2, 3)),
    ("x().reshape(3, 2).shape", (3, 2)),
    ("len(x().split(1))", 2),
    ("x().unsqueeze(0).squeeze().shape", (2, 3)),
    ("x().t().shape", (3, 2)),
    ("x().tolist()[0]", [1, -2, 3]),
    ("type(x().data).__name__", "ndarray"),
    ("(x().requires_grad_() * 2).grad_fn.next_functions[0][1]", 0),
    ("image().permute(0, 2, 3, 1).shape", (2, 8, 8, 3)),
    ("x().transpose(0, 1).contiguous().view(-1).shape", (6,)),
    ("x().flatten().is_leaf", True),
    ("x().normal_(0, 0.02).std().item() < 0.1", True),
    ("x().uniform_(-1, 1).abs().max().item() <= 1", True),
    ("x().ge(0).float().mean().item()", close(4 / 6)),
    ("x().new_zeros(2).tolist()", [0, 0]),
    ("x().shape.numel()", 6),
]

LAYERS = [
    ("nn.Linear(3, 2)(x()).shape", (2, 2)),
    ("nn.Conv2d(3, 6, 5)(image()).shape", (2, 6, 4, 4)),
    ("nn.Conv2d(3, 6, kernel_size=3, stride=2, padding=1)(image()).shape", (2, 6, 4, 4)),
    ("nn.ReLU(inplace=True)(x()).sum().item()", 13),
    ("nn.ReLU(True)(x()).min().item()", 0),
    ("nn.MSELoss()(x(), x()).item()", 0),
    ("nn.Sequential(nn.Flatten(), nn.Linear(192, 2))(image()).shape", (2, 2)),
    ("nn.CrossEntropyLoss()(*pair()).item()", close(1.0986)),
    ("nn.BCELoss()(torch.full((2,), 0.5), torch.ones(2)).item()", close(0.6931)),
    ("nn.Sigmoid()(torch.zeros(1)).item()", 0.5),
    ("nn.Tanh()(torch.zeros(1)).item()", 0),
    ("nn.LeakyReLU(0.2, inplace=True)(torch.tensor([-1.0])).item()", close(-0.2)),
    ("nn.BatchNorm1d(3)(x()).mean().item()", close(0)),
    ("nn.BatchNorm2d(3)(image()).shape", (2, 3, 8, 8)),
    ("nn.ConvTranspose2d(3, 2, 4, 2, 1, bias=False)(image()).shape", (2, 2, 16, 16)),
    ("nn.Dropout(0.25).eval()(x()).sum().item()", 5),
    ("nn.Dropout2d(0.25)(image()).shape", (2, 3, 8, 8)),
    ("nn.MaxPool2d(2, 2)(image()).shape", (2, 3, 4, 4)),
    ("nn.AvgPool2d(2)(image()).shape", (2, 3, 4, 4)),
    ("nn.AdaptiveAvgPool2d((1, 1))(image()).shape", (2, 3, 1, 1)),
    ("nn.Parameter(torch.ones(2)).requires_grad", True),
    ("len(nn.ModuleList([nn.Linear(1, 1) for _ in range(3)]))", 3),
    ("nn.DataParallel(net())(x()).shape", (2, 3)),
    ("nn.parallel.data_parallel(net(), x(), range(2)).shape", (2, 3)),
    ("nn.Identity()(x()).shape", (2, 3)),
    ("nn.NLLLoss()(*pair()).item()", -1),
    ("nn.BCEWithLogitsLoss()(torch.zeros(2), torch.ones(2)).item()", close(0.6931)),
    ("nn.L1Loss()(x(), x() + 1).item()", close(1)),
    ("nn.SmoothL1Loss()(x(), x() + 1).item()", close(0.5)),
    ("F.relu(x()).sum().item()", 13),
    ("F.log_softmax(torch.zeros(1, 4), dim=1)[0, 0].item()", close(-1.3863)),
    ("F.nll_loss(*pair(), reduction='sum').item()", -4),
    ("F.cross_entropy(*pair()).item()", close(1.0986)),
    ("F.binary_cross_entropy(torch.full((2,), 0.5), torch.ones(2), reduction='sum').item()",
     close(1.3863)),
    ("F.smooth_l1_loss(x(), x() + 1).item()", close(0.5)),
    ("F.max_pool2d(image(), 2).shape", (2, 3, 4, 4)),
    ("F.max_pool2d(image(), (2, 2)).shape", (2, 3, 4, 4)),
    ("F.avg_pool2d(image(), 8).shape", (2, 3, 1, 1)),
    ("F.interpolate(image(), scale_factor=2, mode='nearest').shape", (2, 3, 16, 16)),
    ("F.softmax(x(), dim=1).sum().item()", close(2)),
    ("F.mse_loss(x(), x()).item()", 0),
    ("F.dropout(x(), training=False).sum().item()", 5),
    ("F.conv2d(image(), torch.ones(1, 3, 3, 3), padding=1).shape", (2, 1, 8, 8)),
    ("F.pad(image(), (1, 1, 2, 2), 'constant', 0).shape", (2, 3, 12, 10)),
    ("F.one_hot(torch.tensor([2, 0]), num_classes=3).tolist()", [[0, 0, 1], [1, 0, 0]]),
    ("nn.init.normal_(nn.Linear(2, 2).weight, 0.0, 0.02).requires_grad", True),
    ("nn.init.zeros_(nn.Linear(2, 2).bias).tolist()", [0, 0]),
    ("nn.init.xavier_uniform_(nn.Linear(2, 2).weight).shape", (2, 2)),
    ("nn.init.kaiming_normal_(nn.Linear(2, 2).weight, mode='fan_out', nonlinearity='relu').shape",
     (2, 2)),
    ("nn.init.orthogonal_(nn.Linear(2, 2).weight, nn.init.calculate_gain('relu')).shape", (2, 2)),
    ("len(list(net().parameters()))", 4),
    ("net().zero_grad()", None),
    ("list(net().state_dict())[0]", "0.weight"),
    ("str(net().load_state_dict(net().state_dict())) != ''", True),
    ("net().train().training and not net().eval().training", True),
    ("len(list(net().children()))", 3),
    ("net().to('cpu')(x()).shape", (2, 3)),
    ("net().apply(lambda m: None)(x()).shape", (2, 3)),
    ("[name for name, _ in net().named_parameters()][1]", "0.bias"),
    ("[name for name, _ in net().named_modules()]", ["", "0", "1", "2"]),
    ("net().register_buffer('b', torch.ones(1))", None),
    ("net().register_forward_hook(lambda m, i, o: None).remove()", None),
    ("net().add_module('extra', nn.ReLU())", None),
]  # fmt: skip

TRAINING = [
    "optim.Adam(p(), lr=1e-3, betas=(0.5, 0.999))",
    "optim.Adadelta(p(), lr=1.0)",
    "optim.SGD(p(), lr=0.1, momentum=0.9, weight_decay=5e-4)",
    "optim.SGD(p(), lr=0.1, momentum=0.9, nesterov=True)",
    "optim.AdamW(p(), lr=1e-3)",
    "optim.RMSprop(p(), lr=1e-3)",
    "torch.optim.LBFGS(p(), lr=0.8)",
]
SCHEDULES = [
    "scheduler.StepLR(o, step_size=1, gamma=0.7)",
    "scheduler.CosineAnnealingLR(o, T_max=200)",
    "scheduler.MultiStepLR(o, milestones=[30, 80], gamma=0.1)",
    "scheduler.ExponentialLR(o, gamma=0.9)",
    "scheduler.LambdaLR(o, lr_lambda=lambda epoch: 0.95**epoch)",
    "scheduler.ReduceLROnPlateau(o, 'min')",
]

DATA = [
    ("len(data.DataLoader(data.TensorDataset(*pair()), batch_size=3, shuffle=True, num_workers=2,"
     " pin_memory=True, persistent_workers=True, drop_last=True))", 1),
    ("data.TensorDataset(*pair())[1:3][1].tolist()", [1, 2]),
    ("len(data.Subset(data.TensorDataset(*pair()), [0, 2]))", 2),
    ("issubclass(torchvision.datasets.MNIST, data.Dataset)", True),
    ("[len(part) for part in data.random_split(range(10), [7, 3],"
     " generator=torch.Generator().manual_seed(0))]", [7, 3]),
    ("len(data.ConcatDataset([range(3), range(4)]))", 7),
    ("list(data.DataLoader(range(3), sampler=data.SequentialSampler(range(3)),"
     " collate_fn=list))", [[0], [1], [2]]),
    ("len(list(data.RandomSampler(range(3))))", 3),
    ("len(list(data.WeightedRandomSampler([1, 2], 5)))", 5),
    ("torchvision.datasets.FakeData(4, (3, 8, 8), transform=torchvision.transforms.ToTensor())"
     "[0][0].shape", (3, 8, 8)),
    ("torchvision.datasets.CIFAR10.classes[-1]", "truck"),
    ("torchvision.datasets.FashionMNIST.classes[0]", "T-shirt/top"),
    ("issubclass(torchvision.datasets.CIFAR100, torchvision.datasets.CIFAR10)", True),
    ("torchvision.datasets.ImageFolder.__name__", "ImageFolder"),
    ("torchvision.transforms.Compose([torchvision.transforms.Resize(6),"
     " torchvision.transforms.CenterCrop(4), torchvision.transforms.ToTensor(),"
     " torchvision.transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))])(image_of(8)).shape",
     (3, 4, 4)),
    ("torchvision.transforms.RandomCrop(32, padding=4)(image_of(32)).shape", (32, 32, 3)),
    ("torchvision.transforms.RandomHorizontalFlip()(image_of(4)).shape", (4, 4, 3)),
    ("torchvision.transforms.Lambda(lambda x: x + 1)(1)", 2),
    ("torchvision.transforms.ToPILImage()(image()[0]).size", (8, 8)),
    ("torchvision.utils.make_grid(image(), nrow=2, padding=1).shape", (3, 10, 19)),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "expected"), TORCH + METHODS + LAYERS + DATA)
def test_it_can_be_called(expression, expected):
    assert eval(expression) == expected


@pytest.mark.parametrize("expression", TRAINING)
def test_it_trains(expression):
    model = net()
    optimizer = eval(expression, globals(), {"p": model.parameters})

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x()), torch.tensor([0, 2]))
        loss.backward()
        return loss

    before = closure().item()
    for _ in range(3):
        optimizer.step(closure)
    assert closure().item() < before
    assert optimizer.param_groups[0]["lr"] > 0
    optimizer.load_state_dict(optimizer.state_dict())


@pytest.mark.parametrize("expression", SCHEDULES)
def test_it_moves_the_learning_rate(expression):
    o = optim.SGD(net().parameters(), lr=0.1)
    schedule = eval(expression, globals(), {"o": o})
    o.step()
    for _ in range(100):
        schedule.step(*[1.0] * ("Plateau" in expression))
    assert o.param_groups[0]["lr"] < 0.1
    schedule.load_state_dict(schedule.state_dict())
