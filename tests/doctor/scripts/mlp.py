"""A multilayer perceptron on the digits, Adam."""

import minigrad as mg
from minigrad import nn, optim
from minigrad.datasets import Digits
from minigrad.nn import functional as F
from minigrad.utils.data import DataLoader, TensorDataset

digits = Digits()
images = mg.tensor(digits.data).float().flatten(1) / 255
labels = mg.tensor(digits.targets)
loader = DataLoader(TensorDataset(images, labels), batch_size=50, shuffle=True)

model = nn.Sequential(
    nn.Linear(64, 48),
    nn.ReLU(),
    nn.Linear(48, 32),
    nn.ReLU(),
    nn.Linear(32, 10),
)
loss = F.cross_entropy
optimizer = optim.Adam(model.parameters(), lr=1e-3)
losses = []


def step(x, y):
    optimizer.zero_grad()
    value = loss(model(x), y)
    value.backward()
    optimizer.step()
    losses.append(value.item())
