"""Several labels an example, probabilities and binary cross entropy."""

import numpy as np

import minigrad as mg
from minigrad import nn, optim
from minigrad.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(2)
x = rng.normal(size=(300, 12)).astype(np.float32)
y = (x @ rng.normal(size=(12, 4)) > 0.5).astype(np.float32)
loader = DataLoader(TensorDataset(mg.tensor(x), mg.tensor(y)), batch_size=25, shuffle=True)

model = nn.Sequential(nn.Linear(12, 40), nn.ReLU(), nn.Linear(40, 4), nn.Sigmoid())
loss = nn.BCELoss()
optimizer = optim.Adagrad(model.parameters(), lr=0.02)


def step(x, y):
    optimizer.zero_grad()
    value = loss(model(x), y)
    value.backward()
    optimizer.step()
