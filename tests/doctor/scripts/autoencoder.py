"""A convolutional autoencoder: the target is the input."""

from minigrad import nn, optim
from minigrad.datasets import Digits
from minigrad.transforms import ToTensor
from minigrad.utils.data import DataLoader


class Pairs:
    def __init__(self, data):
        self.data = data

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        image, _ = self.data[index]
        return image, image


loader = DataLoader(Pairs(Digits(transform=ToTensor())), batch_size=24, shuffle=True)

model = nn.Sequential(
    nn.Conv2d(1, 8, 3, stride=2, padding=1),
    nn.ReLU(),
    nn.Conv2d(8, 4, 3, stride=2, padding=1),
    nn.ReLU(),
    nn.ConvTranspose2d(4, 8, 4, stride=2, padding=1),
    nn.ReLU(),
    nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1),
    nn.Sigmoid(),
)
loss = nn.MSELoss()
optimizer = optim.Adam(model.parameters(), lr=2e-3)


def step(x, y):
    optimizer.zero_grad()
    value = loss(model(x), y)
    value.backward()
    optimizer.step()
    return value
