"""Embedded words, averaged: a bag of words."""

import numpy as np

import minigrad as mg
from minigrad import nn, optim
from minigrad.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(3)
topics = rng.integers(0, 4, 300)
words = np.where(rng.random((300, 12)) < 0.4, topics[:, None], rng.integers(0, 50, (300, 12)))
data = TensorDataset(mg.tensor(words), mg.tensor(topics))
loader = DataLoader(data, batch_size=25, shuffle=True)


class BagOfWords(nn.Layer):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 16, padding_idx=49)
        self.dropout = nn.Dropout(0.2)
        self.last = nn.Linear(16, 4)

    def forward(self, words):
        vectors = self.embedding(words)
        return self.last(self.dropout(vectors.mean(1)))


model = BagOfWords()
loss = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=0.01)


def step(x, y):
    optimizer.zero_grad()
    value = loss(model(x), y)
    value.backward()
    optimizer.step()
