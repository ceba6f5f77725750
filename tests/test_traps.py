"""Traps that PyTorch's scripts lay for a framework that wants to run them, each met.

More of them elsewhere: print(model) is torch's text in tests/oracle/test_layers_oracle.py,
`next(dataiter)` in test_data_loader.py, `w -= lr * w.grad` in test_in_place.py, losses that would
broadcast in ops/test_errors.py.
"""

import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest

import minigrad as torch
from minigrad import nn
from minigrad.nn import functional as F

mpl.use("Agg")


def test_1_everything_hangs_on_the_one_import():
    names = [
        "utils.data.DataLoader", "optim.lr_scheduler.StepLR", "nn.functional.relu",
        "nn.init.zeros_", "datasets.MNIST", "transforms.ToTensor", "utils.make_grid",
        "utils.save_image",
        "backends.cudnn.benchmark", "nn.parallel.data_parallel", "transforms.functional.to_tensor",
    ]  # fmt: skip
    code = "import minigrad as torch, minigrad as torchvision\n" + "\n".join(
        f"torch.{name}" for name in names
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_2_what_is_called_conv_or_batch_norm_has_what_weights_init_asks_for():
    layers = [
        nn.DepthwiseSeparable(4, 4, 3), nn.SEBlock(16), nn.SKBlock(32), nn.NonLocalBlock(4),
        nn.DeformConv(4, 4, 3), nn.DilatedConv(4, 4), nn.CausalConv1d(4, 4, 3),
        nn.DynamicConv2d(4, 4, 3), nn.GatedResidualBlock(4), nn.ConvTranspose2d(4, 4, 3),
        nn.AttentionAugmentedConv2d(4, 16, 3, 8, 8, 2, relative=False), nn.BatchNorm2d(4),
        nn.Conv1d(4, 4, 3), nn.Conv3d(4, 4, 3),
    ]  # fmt: skip

    def weights_init(m):
        name = m.__class__.__name__
        if name.find("Conv") != -1:
            nn.init.normal_(m.weight, 0.0, 0.02)
        elif name.find("BatchNorm") != -1:
            nn.init.normal_(m.weight, 1.0, 0.02)
            nn.init.zeros_(m.bias)

    named = {type(layer).__name__ for layer in nn.Sequential(*layers).modules()}
    conv_or_norm = {name for name in nn.__all__ if "Conv" in name or name.startswith("BatchNorm")}
    assert conv_or_norm - named == {
        "BatchNorm3d", "ConvTranspose", "ConvTranspose1d", "ConvTranspose3d",
        "DeformConv2d",
    }  # fmt: skip
    for layer in layers:
        layer.apply(weights_init)


@pytest.mark.parametrize(
    ("line", "edit"),
    [
        ("w.data.normal_(0.0, 0.02)", "write nn.init.normal_(layer.weight, 0.0, 0.02)"),
        ("w.data.clone()", "write w.detach().clone(...) in place of w.data.clone(...)"),
        (
            "w.data.clamp_(0, 1)",
            "write w.clamp_(...), without .data, inside of `with minigrad.no_grad():`",
        ),
    ],
)
def test_2_old_scripts_that_call_methods_of_data_are_told_what_to_write(tmp_path, line, edit):
    script = tmp_path / "old.py"
    script.write_text(f"import torch\nw = torch.zeros(2, requires_grad=True)\n{line}\n")
    command = [sys.executable, "-m", "minigrad.compat", str(script)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"    {line}\n" in done.stderr
    assert ".data is a plain NumPy array, which has no method " in done.stderr
    assert done.stderr.strip().endswith(edit)


def test_3_a_tensor_is_a_number_where_a_number_is_wanted():
    tensors = [torch.tensor(1.5), torch.tensor(2.0)]
    assert sum(x for x in tensors).item() == 3.5
    three, labels = torch.tensor(3), torch.tensor([1, 0])
    assert f"{tensors[0]:.3f} {three:>4d}" == "1.500    3"
    assert "%d %.2f" % (three, tensors[0]) == "3 1.50"  # noqa: UP031
    assert list(range(three)) == [0, 1, 2]
    assert ("cat", "dog")[labels[0]] == "dog"
    assert round(float(tensors[0])) == 2
    assert max(tensors) is tensors[1]


def test_3_matplotlib_draws_tensors():
    from matplotlib.figure import Figure

    w = torch.rand(4, 3, requires_grad=True)
    axes = Figure().add_subplot()
    axes.imshow(w)
    (line,) = axes.plot(w[:, 0] * 2)
    np.testing.assert_array_equal(line.get_ydata(), w.data[:, 0] * 2)
    axes.hist(w.flatten())


def test_4_indices():
    x = torch.arange(12).view(3, 4).float()
    target = torch.tensor([1, 0, 3])
    assert x[range(3), target].tolist() == [1, 4, 11]
    assert x[range(x.shape[0]), target].mean().item() == pytest.approx(16 / 3)
    assert x[x > 9].tolist() == [10, 11]
    assert x[None, ..., 0].shape == (1, 3)
    assert x[:, [0, 2]].shape == (3, 2)
    x[x > 9] = 0
    assert x.max().item() == 9
    assert x[::-1].tolist()[0][0] == 8  # torch refuses a negative step; here it is NumPy's


def test_5_an_update_by_hand_keeps_the_leaf_and_zero_grad_takes_the_gradient_away():
    w = torch.ones(2, requires_grad=True)
    alias = w
    (w * w).sum().backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        w.grad.zero_()
    assert w is alias
    assert w.requires_grad
    assert w.tolist() == pytest.approx([0.8, 0.8])
    assert w.grad.tolist() == [0, 0]
    torch.optim.SGD([w]).zero_grad()
    assert w.grad is None


def test_6_labels_are_int64_and_losses_explain_what_they_need():
    assert torch.tensor([1, 2]).dtype == torch.long
    assert torch.arange(3).dtype == torch.int64
    output = torch.zeros(1, 10, requires_grad=True)
    with pytest.raises(TypeError, match=r"mse_loss.*int64.*\.float\(\)"):
        F.mse_loss(output, torch.arange(1, 11).view(1, -1))
    with pytest.raises(ValueError, match=r"binary_cross_entropy.*sigmoid"):
        F.binary_cross_entropy(torch.full((2,), 1.5), torch.ones(2))


def test_7_the_last_batch_is_smaller():
    loader = torch.utils.data.DataLoader(torch.zeros(10, 1, 4, 4), batch_size=4)
    first, *_, last = loader
    assert first.view(4, 1, 4, 4)[:8].shape == (4, 1, 4, 4)
    assert last.shape[0] == 2
    with pytest.raises(ValueError, match=r"\(2, 1, 4, 4\) has 32 elements and does not go into"):
        last.view(4, 1, 4, 4)


def test_8_dataiter_next_names_the_new_spelling():
    with pytest.raises(AttributeError, match=r"write next\(dataiter\)"):
        iter(torch.utils.data.DataLoader(range(3))).next()


@pytest.mark.parametrize("name", ["ckpt.pth", "model.pt", "weights.tar"])
def test_9_checkpoints_of_dicts_and_numbers(tmp_path, name):
    net = nn.Linear(2, 1)
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    state = {
        "net": net.state_dict(), "acc": 91.5, "epoch": 3, "best": None, "lrs": [0.1, 0.01],
        "optimizer": optimizer.state_dict(),
    }  # fmt: skip
    torch.save(state, tmp_path / name)
    again = torch.load(tmp_path / name, map_location="cpu", weights_only=True)
    assert (again["acc"], again["epoch"], again["best"], again["lrs"]) == (
        91.5,
        3,
        None,
        [0.1, 0.01],
    )
    nn.Linear(2, 1).load_state_dict(again["net"])
    optimizer.load_state_dict(again["optimizer"])


def test_10_print_and_the_old_super():
    class Net(nn.Module):
        def __init__(self):
            super(Net, self).__init__()  # noqa: UP008
            self.conv1 = nn.Conv2d(1, 6, 5)
            self.fc = nn.Linear(6, 2, bias=False)

    assert str(Net()) == (
        "Net(\n  (conv1): Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1))\n"
        "  (fc): Linear(in_features=6, out_features=2, bias=False)\n)"
    )


def test_11_positions_and_names_of_arguments():
    x = torch.arange(16.0).view(1, 1, 4, 4)
    assert F.max_pool2d(x, 2).equal(F.max_pool2d(x, kernel_size=2, stride=2))
    assert F.max_pool2d(x, (2, 2)).shape == (1, 1, 2, 2)
    assert torch.randint(10, size=(3,)).shape == torch.randint(0, 10, (3,)).shape == (3,)
    assert torch.randint(high=10, low=9, size=(1,)).item() == 9
    for name in ("sum", "mean", "argmax", "amax", "std", "logsumexp", "any"):
        for y in (x, x.transpose(0, 1)):
            by_dim = getattr(y, name)(dim=3, keepdim=True)
            assert getattr(y, name)(axis=3, keepdims=True).equal(by_dim)
            assert getattr(torch, name)(y, axis=3).equal(by_dim.squeeze(3))
    assert torch.cat([x, x], axis=1).shape == (1, 2, 4, 4)
    assert torch.stack([x, x], axis=-1).shape == (1, 1, 4, 4, 2)
    with pytest.raises(TypeError, match="multiple values for keyword argument 'dim'"):
        x.sum(dim=1, axis=2)


def test_12_no_grad_and_item():
    w = torch.ones(2, requires_grad=True)
    with torch.no_grad():
        assert not (w * 2).requires_grad
    with pytest.raises(RuntimeError, match=r"a tensor of shape \(2,\) has 2 elements"):
        (w * 2).item()
