"""Loading, splitting and resampling beside PyTorch's."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torch.utils import data as torch_data

from minigrad.transforms import Resize, warp
from minigrad.utils import data


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch_size": 4},
        {"batch_size": 4, "drop_last": True},
        {"batch_size": 3, "sampler": [5, 1, 1, 8]},
        {"batch_sampler": [[1], [7, 3], [9, 0, 2]]},
    ],
)
def test_batches(options):
    x, y = np.random.default_rng(0).standard_normal((10, 2, 3)), np.arange(10)
    ours = data.DataLoader(data.TensorDataset(x, y), **options)
    theirs = torch_data.DataLoader(
        torch_data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y)), **options
    )
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        assert type(mine) is type(other)
        for a, b in zip(mine, other, strict=True):
            assert np.array_equal(a.data, b.numpy())
            assert a.dtype == b.numpy().dtype


@pytest.mark.parametrize(
    ("n", "lengths"), [(10, [7, 3]), (11, [0.5, 0.5]), (103, [0.2, 0.3, 0.5]), (27, [0.9, 0.1])]
)
def test_split_sizes(n, lengths):
    ours, theirs = data.random_split(range(n), lengths), torch_data.random_split(range(n), lengths)
    assert [len(part) for part in ours] == [len(part) for part in theirs]


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("size", [(5, 7), (20, 9), (13, 31), (1, 1)])
def test_resize(size, antialias):
    x = np.random.default_rng(0).standard_normal((2, 3, 12, 17))
    expected = F.interpolate(
        torch.from_numpy(x), size, mode="bilinear", antialias=antialias, align_corners=False
    )
    assert np.allclose(Resize(size, antialias=antialias).pixels(x), expected, atol=1e-6)


def test_bilinear_warp():
    rng = np.random.default_rng(0)
    n, height, width = 4, 9, 12
    x = rng.standard_normal((n, 3, height, width))
    angle, zoom = rng.uniform(-3, 3, n), rng.uniform(0.5, 2, n)
    dx, dy = rng.uniform(-3, 3, (2, n))
    # output place -> input place, in grid_sample's units: -1 to 1 over the image's edges
    cos, sin = np.cos(angle) / zoom, np.sin(angle) / zoom
    theta = np.empty((n, 2, 3))
    theta[:, 0, 0], theta[:, 0, 1] = cos, sin * height / width
    theta[:, 1, 0], theta[:, 1, 1] = -sin * width / height, cos
    theta[:, 0, 2] = (-dx * cos - dy * sin) * 2 / width
    theta[:, 1, 2] = (dx * sin - dy * cos) * 2 / height
    grid = F.affine_grid(torch.from_numpy(theta), x.shape, align_corners=False)
    expected = F.grid_sample(torch.from_numpy(x), grid, align_corners=False)
    ours = warp.warp(x, angle, dx, dy, zoom, "bilinear", fill=0)
    assert np.allclose(ours, expected, atol=1e-9)
