"""Channel attention, label smoothing, AdamW."""

from minigrad import nn, optim
from minigrad.datasets import SyntheticShapes
from minigrad.transforms import Compose, Normalize, RandomAffine, ToTensor
from minigrad.utils.data import DataLoader

augment = Compose([RandomAffine(10, (0.1, 0.1)), ToTensor(), Normalize((0.3,), (0.3,))])
data = SyntheticShapes(transform=augment, n=300, size=10)
loader = DataLoader(data, batch_size=20, shuffle=True)


class Net(nn.Layer):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU())
        self.blocks = [nn.SEBlock(16, reduction=4), nn.SEBlock(16, reduction=4)]
        self.last = nn.Linear(16, 5)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = x + block(x)
        x = x.mean((2, 3))
        return self.last(x)


model = Net()
loss = nn.CrossEntropyLoss(label_smoothing=0.1)
optimizer = optim.AdamW(model.parameters(), lr=3e-3)


def step(x, y):
    optimizer.zero_grad()
    loss(model(x), y).backward()
    optimizer.step()
