"""A small residual net with batch norm, weight decay, a cosine over all batches."""

from minigrad import nn, optim
from minigrad.datasets import SyntheticShapes
from minigrad.nn import functional as F
from minigrad.transforms import ToTensor
from minigrad.utils.data import DataLoader

data = SyntheticShapes(transform=ToTensor(), n=300, size=12, channels=3)
loader = DataLoader(data, batch_size=20, shuffle=True)


class Block(nn.Layer):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(x + y)


model = nn.Sequential(
    nn.Conv2d(3, 12, 3, padding=1, bias=False),
    nn.BatchNorm2d(12),
    nn.ReLU(),
    nn.MaxPool2d(2),
    *[Block(12) for _ in range(3)],
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.Linear(12, 5),
)
loss = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True)
scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10 * len(loader))


def step(x, y):
    model.train()
    optimizer.zero_grad()
    loss(model(x), y).backward()
    optimizer.step()
    scheduler.step()
