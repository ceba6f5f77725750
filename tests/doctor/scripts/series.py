"""The next value of a series, by causal convolutions; the model is trained by a class."""

import numpy as np

import minigrad as mg
from minigrad import nn, optim
from minigrad.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(4)
waves = np.sin(rng.uniform(0, 6, (200, 1)) + np.linspace(0, 12, 41)) + rng.normal(0, 0.1, (200, 41))
waves = waves.astype(np.float32)[:, None]
data = TensorDataset(mg.tensor(waves[:, :, :-1]), mg.tensor(waves[:, :, 1:]))
loader = DataLoader(data, batch_size=20, shuffle=True)

model = nn.Sequential(
    nn.CausalConv1d(1, 16, 2),
    nn.ReLU(),
    nn.CausalConv1d(16, 16, 2, dilation=2),
    nn.ReLU(),
    nn.CausalConv1d(16, 16, 2, dilation=4),
    nn.ReLU(),
    nn.Conv1d(16, 1, 1),
)
loss = nn.HuberLoss()


class Trainer:
    def __init__(self, model):
        self.model = model
        self.optimizer = optim.Adam(model.parameters(), lr=1e-3)
        self.best = None

    def step(self, x, y):
        self.optimizer.zero_grad()
        value = loss(self.model(x), y)
        value.backward()
        self.optimizer.step()
        self.best = value.item() if self.best is None else min(self.best, value.item())


trainer = Trainer(model)
optimizer = trainer.optimizer
step = trainer.step
