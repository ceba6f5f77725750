"""LeNet in a class of its own, SGD with momentum, a rate that falls by epochs."""

import minigrad as mg
from minigrad import nn, optim
from minigrad.datasets import Digits
from minigrad.nn import functional as F
from minigrad.transforms import ToTensor
from minigrad.utils.data import DataLoader

data = Digits(transform=ToTensor())
loader = DataLoader(data, batch_size=32, shuffle=True)


class LeNet(nn.Layer):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.fc1 = nn.Linear(64, 32)
        self.fc2 = nn.Linear(32, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.flatten(1)
        x = F.relu(self.fc1(x))
        return self.fc2(x)


model = LeNet()
loss = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
total = 0.0


def step(x, y):
    global total
    optimizer.zero_grad()
    output = model(x)
    value = loss(output, y)
    value.backward()
    optimizer.step()
    total += value.item()


def after_epoch():
    scheduler.step()


def evaluate(x, y):
    model.eval()
    with mg.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()
