"""A backbone that stays as it is, and a new head."""

import minigrad as mg
from minigrad import nn, optim
from minigrad.datasets import Digits
from minigrad.transforms import ToTensor
from minigrad.utils.data import DataLoader

loader = DataLoader(Digits(transform=ToTensor()), batch_size=50, shuffle=True)

backbone = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1),
    nn.BatchNorm2d(16),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
)
backbone.requires_grad_(False)
head = nn.Linear(256, 10)
model = nn.Sequential(backbone, head)
backbone.eval()
loss = nn.CrossEntropyLoss()
optimizer = optim.SGD(head.parameters(), lr=0.1)


def step(x, y):
    with mg.no_grad():
        features = backbone(x)
    optimizer.zero_grad()
    loss(head(features), y).backward()
    optimizer.step()
