"""A net that is in the middle of its training, deep and normalised, with groups of parameters."""

import minigrad as mg
from minigrad import nn, optim
from minigrad.datasets import SyntheticShapes
from minigrad.transforms import ToTensor
from minigrad.utils.data import DataLoader

data = SyntheticShapes(transform=ToTensor(), n=300, size=12)
loader = DataLoader(data, batch_size=30, shuffle=True)


def layer(inputs, outputs):
    return nn.Sequential(nn.Linear(inputs, outputs), nn.LayerNorm(outputs), nn.GELU())


model = nn.Sequential(
    nn.Flatten(), layer(144, 64), layer(64, 64), layer(64, 64), layer(64, 64), nn.Linear(64, 5)
)
loss = nn.CrossEntropyLoss()
weights = [p for p in model.parameters() if p.ndim > 1]
others = [p for p in model.parameters() if p.ndim == 1]
groups = [{"params": weights, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}]
optimizer = optim.Adam(groups, lr=1e-3)
scheduler = optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=5 * len(loader))
correct = 0


def step(x, y):
    global correct
    optimizer.zero_grad()
    output = model(x)
    loss(output, y).backward()
    optimizer.step()
    scheduler.step()
    with mg.no_grad():
        correct += (output.argmax(1) == y).sum().item()


for x, y in loader:
    step(x, y)
