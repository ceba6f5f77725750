"""Regression on a table: one number from eight features."""

import numpy as np

import minigrad as mg
from minigrad import nn, optim
from minigrad.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(0)
features = rng.normal(size=(400, 8)).astype(np.float32)
targets = np.sin(features[:, 0]) + features[:, 1] * features[:, 2]
targets = (targets - targets.mean()) / targets.std()
x, y = mg.tensor(features), mg.tensor(targets).float()
y = y.unsqueeze(1)
loader = DataLoader(TensorDataset(x, y), batch_size=40, shuffle=True)

model = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))


def loss(output, target):
    return ((output - target) ** 2).mean()


optimizer = optim.RMSprop(model.parameters(), lr=1e-3)
history = {"loss": []}


def step(x, y):
    optimizer.zero_grad()
    value = loss(model(x), y)
    value.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    history["loss"].append(value.item())
