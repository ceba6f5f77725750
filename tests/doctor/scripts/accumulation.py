"""Gradients added up over four batches, on purpose."""

from minigrad import nn, optim
from minigrad.datasets import Digits
from minigrad.transforms import ToTensor
from minigrad.utils.data import DataLoader

loader = DataLoader(Digits(transform=ToTensor()), batch_size=16, shuffle=True, drop_last=True)
model = nn.Sequential(
    nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(128, 10)
)
loss = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters())
OVER, count = 4, 0


def step(x, y):
    global count
    (loss(model(x), y) / OVER).backward()
    count += 1
    if count % OVER == 0:
        optimizer.step()
        optimizer.zero_grad()
