"""A variational autoencoder: several outputs, chance in forward, a loss of two terms."""

import minigrad as mg
from minigrad import nn, optim
from minigrad.datasets import Digits
from minigrad.nn import functional as F
from minigrad.utils.data import DataLoader, TensorDataset

images = mg.tensor(Digits().data).float().flatten(1) / 255
loader = DataLoader(TensorDataset(images, images), batch_size=64, shuffle=True)


class VAE(nn.Layer):
    def __init__(self):
        super().__init__()
        self.encode = nn.Linear(64, 48)
        self.mean = nn.Linear(48, 6)
        self.log_variance = nn.Linear(48, 6)
        self.decode1 = nn.Linear(6, 48)
        self.decode2 = nn.Linear(48, 64)

    def forward(self, x):
        hidden = F.relu(self.encode(x))
        mean, log_variance = self.mean(hidden), self.log_variance(hidden)
        z = mean + mg.randn_like(mean) * (0.5 * log_variance).exp()
        hidden = F.relu(self.decode1(z))
        return self.decode2(hidden).sigmoid(), mean, log_variance


def loss(output, x):
    image, mean, log_variance = output
    likelihood = F.binary_cross_entropy(image, x, reduction="sum")
    divergence = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum()
    return likelihood + divergence


model = VAE()
optimizer = optim.Adam(model.parameters(), lr=1e-3)


def step(x, y):
    optimizer.zero_grad()
    loss(model(x), y).backward()
    optimizer.step()
