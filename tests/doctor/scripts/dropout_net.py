"""Heavy dropout and batch norm of vectors."""

import minigrad as mg
from minigrad import nn, optim
from minigrad.datasets import Digits
from minigrad.utils.data import DataLoader, TensorDataset

digits = Digits()
mean, std = digits.mean[0], digits.std[0]
images = (mg.tensor(digits.data).float() / 255 - mean) / std
data = TensorDataset(images, mg.tensor(digits.targets))
loader = DataLoader(data, batch_size=64, shuffle=True)

model = nn.Sequential(
    nn.Flatten(),
    nn.Linear(64, 128),
    nn.BatchNorm1d(128),
    nn.ReLU(),
    nn.Dropout(0.7),
    nn.Linear(128, 64),
    nn.BatchNorm1d(64),
    nn.ReLU(),
    nn.Dropout(0.7),
    nn.Linear(64, 10),
)
loss = nn.CrossEntropyLoss()
optimizer = optim.RMSprop(model.parameters(), lr=1e-3)
model.train()


def step(x, y):
    optimizer.zero_grad()
    value = loss(model(x), y)
    value.backward()
    optimizer.step()
