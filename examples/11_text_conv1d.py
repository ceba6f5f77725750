# %% [markdown]
# # Conv1d on text: a convolution reads phrases
#
# Kim, Convolutional Neural Networks for Sentence Classification, 2014: each word becomes a vector
# (an embedding that is learned), a Conv1d slides over the sentence and looks at 2, 3 or 4 words in
# a row, and of each filter only its strongest answer counts, wherever in the sentence it was
# (max over time). The baseline is a bag of words: it averages the vectors, so it knows which words
# are there and not in which order.
#
# Two tasks, on the same sentences: the documentation in Python's own library.
#
# - topic: which package is this sentence from?
# - order: is this the sentence as it was written, or are its words shuffled?
#
# The sentences are those of the Python that runs this, so the results differ a little with its
# version. `--quick` trains for a moment only.

# %%
import ast
import re
import sysconfig
from collections import Counter
from pathlib import Path

import numpy as np
from lesson import Lesson
from matplotlib.figure import Figure

import minigrad as mg
from minigrad import nn, optim
from minigrad.nn import functional as F
from minigrad.utils.data import DataLoader, TensorDataset

lesson = Lesson(
    "11_text_conv1d", data="Python's documentation", metric="test accuracy", percent=True
)
TOPICS = ["asyncio", "email", "importlib", "logging", "urllib", "xml"]
LENGTH = 20  # words; longer sentences are cut, shorter ones padded
EPOCHS = 1 if lesson.quick else 8

# %% [markdown]
# ## Sentences


# %%
def sentences(package):
    """The words of each sentence in the docstrings of a package, each sentence once."""
    found = {}
    for path in sorted(Path(sysconfig.get_paths()["stdlib"], package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                for part in re.split(r"[.!?:]\s|\n\s*\n", ast.get_docstring(node) or ""):
                    words = re.findall(r"[a-z_]+", part.lower())
                    if len(words) >= 5:
                        found[tuple(words[:LENGTH])] = None
    return list(found)


texts = [(words, topic) for topic, name in enumerate(TOPICS) for words in sentences(name)]
rng = np.random.default_rng(0)
texts = [texts[i] for i in rng.permutation(len(texts))][: 600 if lesson.quick else None]
cut = len(texts) * 4 // 5
counts = Counter(word for words, _ in texts[:cut] for word in words)
vocabulary = ["", "?", *sorted(word for word, count in counts.items() if count > 1)]
number = {word: i for i, word in enumerate(vocabulary)}  # 0 pads, 1 is any rare word
print(f"{len(texts):,} sentences, {len(vocabulary):,} words, for example:")
print("   ", " ".join(texts[0][0]), f"({TOPICS[texts[0][1]]})")


def encode(words):
    return [number.get(word, 1) for word in words] + [0] * (LENGTH - len(words))


def topic_data(part):
    return np.array([encode(words) for words, _ in part]), np.array([topic for _, topic in part])


def order_data(part):
    """Each sentence as it is (0) and shuffled (1)."""
    written = [encode(words) for words, _ in part]
    shuffled = [encode(rng.permutation(words).tolist()) for words, _ in part]
    return np.array(written + shuffled), np.repeat([0, 1], len(part))


TASKS = {
    task: (TensorDataset(*make(texts[:cut])), TensorDataset(*make(texts[cut:])), classes)
    for task, make, classes in [("topic", topic_data, len(TOPICS)), ("order", order_data, 2)]
}

# %% [markdown]
# ## Two nets
#
# Both begin with the same embedding, which holds most of their parameters.


# %%
class BagOfWords(nn.Layer):
    def __init__(self, classes):
        super().__init__()
        self.embedding = nn.Embedding(len(vocabulary), 32, padding_idx=0)
        self.hidden = nn.Linear(32, 256)
        self.dropout = nn.Dropout(0.5)
        self.last = nn.Linear(256, classes)

    def forward(self, words):  # (N, LENGTH)
        there = (words != 0).float().sum(1, keepdim=True)  # (N, 1): how many words
        mean = self.embedding(words).sum(1) / there  # (N, 32)
        return self.last(self.dropout(F.relu(self.hidden(mean))))


class TextConv(nn.Layer):
    def __init__(self, classes):
        super().__init__()
        self.embedding = nn.Embedding(len(vocabulary), 32, padding_idx=0)
        self.convs = nn.ModuleList([nn.Conv1d(32, 32, width) for width in (2, 3, 4)])
        self.dropout = nn.Dropout(0.5)
        self.last = nn.Linear(3 * 32, classes)

    def forward(self, words):  # (N, LENGTH)
        x = self.embedding(words).transpose(1, 2)  # (N, 32, LENGTH): the words' numbers as channels
        phrases = [F.relu(conv(x)).amax(2) for conv in self.convs]  # each (N, 32)
        return self.last(self.dropout(mg.cat(phrases, 1)))


NETS = {"bag of words": BagOfWords, "Conv1d": TextConv}

# %% [markdown]
# ## Training


# %%
def fit(model, data):
    optimizer = optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(EPOCHS):
        for words, labels in DataLoader(data, batch_size=50, shuffle=True):
            loss = F.cross_entropy(model(words), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def accuracy(model, data):
    model.eval()
    words, labels = data.tensors
    with mg.no_grad():
        return (model(words).argmax(1) == labels).float().mean().item()


results, last_model = {}, {}
for variant, _ in lesson.runs([f"{task}: {net}" for task in TASKS for net in NETS]):
    task, net = variant.split(": ")
    train, test, classes = TASKS[task]
    model = NETS[net](classes)
    fit(model, train)
    results.setdefault(variant, []).append(accuracy(model, test))
    last_model[variant] = model
    lesson.add(variant, model, results[variant][-1])

# %% [markdown]
# ## What the filters read
#
# For each filter of width 3, the phrase in the test sentences that it answers to most, and the
# topic that it then speaks for most. The right side is what a student of the net can read: a filter
# of a Conv1d on text is a phrase, as one of a Conv2d is a pattern of pixels.

# %%
model = last_model["topic: Conv1d"]
words = TASKS["topic"][1].tensors[0]
with mg.no_grad():
    answers = model.convs[1](model.embedding(words).transpose(1, 2)).numpy()  # (N, 32, places)
votes = model.last.weight.detach().numpy()[:, 32:64]  # (topics, filters)
phrases = {}
for channel in np.argsort(-votes.max(0)):
    sentence, place = np.unravel_index(answers[:, channel].argmax(), answers[:, 0].shape)
    phrase = " ".join(vocabulary[i] for i in words.numpy()[sentence, place : place + 3])
    phrases.setdefault(phrase.strip(), TOPICS[votes[:, channel].argmax()])

figure = Figure(figsize=(10, 4.2), layout="constrained")
left, right = figure.subplots(1, 2)
for row, (variant, values) in enumerate(results.items()):
    color = "#d9772b" if "Conv1d" in variant else "#3b6ea8"
    left.barh(row, np.mean(values), color=color, alpha=0.6)
    left.plot(values, [row] * len(values), "o", color=color, markersize=5)
for row, share in [(0.5, 1 / len(TOPICS)), (2.5, 0.5)]:
    left.plot([share] * 2, [row - 1, row + 1], color="black", linestyle=":")
left.set(title="Test accuracy (a dot a seed; dotted: chance)", xlim=(0, 1))
left.set_yticks(range(len(results)), list(results))
left.invert_yaxis()
left.spines[["top", "right"]].set_visible(False)
right.set_title("What filters of three words look for")
right.set_axis_off()
for line, (phrase, topic) in enumerate(list(phrases.items())[:12]):
    right.text(0.02, 0.93 - line / 13, phrase, family="monospace", transform=right.transAxes)
    right.text(0.98, 0.93 - line / 13, topic, ha="right", transform=right.transAxes)
lesson.finish(figure)

# %% [markdown]
# ## What the numbers show
#
# The topic is in the words: here the order adds nothing that 3,000 sentences could teach, and the
# convolution, slower, is no better than the bag. Whether a sentence is in order cannot be seen from
# a bag of its words, for both versions have the same one, so the baseline guesses; two to four
# words in a row are enough to tell in five of six cases.
