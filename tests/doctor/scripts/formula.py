"""A layer of the user's own, parameters by hand; XOR, one batch, plain SGD."""

import minigrad as mg
from minigrad import nn, optim
from minigrad.nn import functional as F

x = mg.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = mg.tensor([0, 1, 1, 0])
loader = [(x, y)]


class Net(nn.Layer):
    def __init__(self):
        super().__init__()
        self.w1 = nn.Parameter(mg.randn(2, 16))
        self.b1 = nn.Parameter(mg.zeros(16))
        self.w2 = nn.Parameter(mg.randn(16, 2) / 4)

    def forward(self, x):
        h = (x @ self.w1 + self.b1).tanh()
        return h @ self.w2


model = Net()
loss = F.cross_entropy
optimizer = optim.SGD(model.parameters(), lr=0.5)


def step(x, y):
    value = loss(model(x), y)
    optimizer.zero_grad()
    value.backward()
    optimizer.step()
