"""Blocks that begin as nothing: non-local, deformable, a scale of zero."""

import minigrad as mg
from minigrad import nn, optim
from minigrad.datasets import WarpedDigits
from minigrad.transforms import ToTensor
from minigrad.utils.data import DataLoader

loader = DataLoader(WarpedDigits(transform=ToTensor(), n=100, size=16), 10, shuffle=True)


class Scaled(nn.Layer):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.scale = nn.Parameter(mg.zeros(1))

    def forward(self, x):
        return x + self.scale * self.conv(x).relu()


model = nn.Sequential(
    nn.Conv2d(1, 8, 4, stride=4),
    nn.ReLU(),
    nn.DeformConv(8, 8, 3, padding=1),
    nn.ReLU(),
    nn.NonLocalBlock(8),
    Scaled(8),
    nn.AdaptiveAvgPool2d(2),
    nn.Flatten(),
    nn.Linear(32, 10),
)
loss = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=2e-3)


def step(x, y):
    optimizer.zero_grad()
    loss(model(x), y).backward()
    optimizer.step()
