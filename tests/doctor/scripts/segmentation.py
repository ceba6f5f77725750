"""A class for each pixel, the classes weighted, the border ignored."""

import numpy as np

import minigrad as mg
from minigrad import nn, optim
from minigrad.datasets import SyntheticShapes
from minigrad.utils.data import DataLoader, TensorDataset

shapes = SyntheticShapes(n=120, size=12)
images = mg.tensor(shapes.data).float().unsqueeze(1) / 255
masks = np.where(shapes.data > 90, shapes.targets[:, None, None] + 1, 0)
masks[:, :1] = masks[:, -1:] = -100
loader = DataLoader(TensorDataset(images, mg.tensor(masks)), batch_size=12, shuffle=True)

model = nn.Sequential(
    nn.Conv2d(1, 12, 3, padding=1),
    nn.BatchNorm2d(12),
    nn.ReLU(),
    nn.Conv2d(12, 12, 3, padding=2, dilation=2),
    nn.BatchNorm2d(12),
    nn.ReLU(),
    nn.Conv2d(12, 6, 1),
)
loss = nn.CrossEntropyLoss(weight=mg.tensor([0.2, 1.0, 1.0, 1.0, 1.0, 1.0]))
optimizer = optim.Adam(model.parameters(), lr=5e-3)


def step(x, y):
    optimizer.zero_grad()
    loss(model(x), y).backward()
    optimizer.step()
