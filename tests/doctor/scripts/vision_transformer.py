"""A transformer's encoder on patches, with a rate that warms up."""

import minigrad as mg
from minigrad import nn, optim
from minigrad.datasets import Digits
from minigrad.transforms import ToTensor
from minigrad.utils.data import DataLoader

loader = DataLoader(Digits(transform=ToTensor()), batch_size=20, shuffle=True)


class ViT(nn.Layer):
    def __init__(self, width=16):
        super().__init__()
        self.patches = nn.Conv2d(1, width, 4, stride=4)
        self.position = nn.Parameter(0.02 * mg.randn(4, width))
        layer = nn.TransformerEncoderLayer(width, 4, 32, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.norm = nn.LayerNorm(width)
        self.last = nn.Linear(width, 10)

    def forward(self, x):
        tokens = self.patches(x).flatten(2).permute(0, 2, 1)
        tokens = self.encoder(tokens + self.position)
        return self.last(self.norm(tokens).mean(1))


model = ViT()
loss = nn.CrossEntropyLoss()
optimizer = optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.05)
warmup = optim.lr_scheduler.LambdaLR(optimizer, lambda batch: min(1.0, batch / 100))


def step(x, y):
    optimizer.zero_grad()
    loss(model(x), y).backward()
    optimizer.step()
    warmup.step()
