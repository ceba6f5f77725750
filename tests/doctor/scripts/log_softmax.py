"""PyTorch's MNIST example, smaller: log_softmax, nll_loss, Adadelta."""

import minigrad as mg
from minigrad import nn, optim
from minigrad.datasets import Digits
from minigrad.nn import functional as F
from minigrad.transforms import Compose, Normalize, ToTensor
from minigrad.utils.data import DataLoader

transform = Compose([ToTensor(), Normalize((0.3052,), (0.3760,))])
loader = DataLoader(Digits(transform=transform), batch_size=64, shuffle=True)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, 1)
        self.conv2 = nn.Conv2d(16, 32, 3, 1)
        self.dropout1 = nn.Dropout(0.25)
        self.dropout2 = nn.Dropout(0.5)
        self.fc1 = nn.Linear(128, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = self.conv1(x)
        x = F.relu(x)
        x = self.conv2(x)
        x = F.relu(x)
        x = F.max_pool2d(x, 2)
        x = self.dropout1(x)
        x = mg.flatten(x, 1)
        x = self.fc1(x)
        x = F.relu(x)
        x = self.dropout2(x)
        x = self.fc2(x)
        output = F.log_softmax(x, dim=1)
        return output


model = Net()
loss = F.nll_loss
optimizer = optim.Adadelta(model.parameters(), lr=1.0)


def step(data, target):
    model.train()
    optimizer.zero_grad()
    output = model(data)
    value = F.nll_loss(output, target)
    value.backward()
    optimizer.step()
