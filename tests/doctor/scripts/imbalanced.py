"""Two classes, one of them rare: binary cross entropy of logits with a weight."""

import numpy as np

import minigrad as mg
from minigrad import nn, optim
from minigrad.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(1)
y = (rng.random(600) < 0.06).astype(np.float32)
x = rng.normal(size=(600, 20)) + y[:, None]
data = TensorDataset(mg.tensor(x).float(), mg.tensor(y))
loader = DataLoader(data, batch_size=32, shuffle=True)


class Classifier(nn.Layer):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(20, 32)
        self.last = nn.Linear(32, 1)

    def forward(self, x):
        hidden = self.hidden(x).relu()
        return self.last(hidden).squeeze(1)


model = Classifier()
loss = nn.BCEWithLogitsLoss(pos_weight=mg.tensor([15.0]))
optimizer = optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)


def step(x, y):
    optimizer.zero_grad()
    loss(model(x), y).backward()
    optimizer.step()
