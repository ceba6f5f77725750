import numpy as np
import pytest
from training import bits, fit, net, setting, without_seconds

from minigrad import nn, optim, train
from minigrad.nn import functional as F
from minigrad.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau, StepLR
from minigrad.serialization import load, save

# ---- checkpoints


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"loader_seed": 3},
        {"schedule": lambda o: StepLR(o, 1, gamma=0.5)},
        {
            "schedule": lambda o: OneCycleLR(o, 0.01, total_steps=16),
            "scheduler_every": "batch",
        },
        {"schedule": lambda o: ReduceLROnPlateau(o, patience=0)},
    ],
)
def test_resuming_gives_the_same_bits_as_never_stopping(options, tmp_path):
    """Weights, running means, history: with shuffling, augmentation and dropout."""
    straight, whole = fit(4, **options)
    fit(2, run_folder=tmp_path, **options)
    resumed, history = fit(4, run_folder=tmp_path, resume=True, **options)
    assert bits(resumed) == bits(straight)
    assert without_seconds(history) == without_seconds(whole)
    for name, tensor in whole.best_weights.items():
        assert np.array_equal(history.best_weights[name], tensor)


def test_an_interrupted_epoch_leaves_the_checkpoint_of_the_one_before(tmp_path):
    straight, _ = fit(3)
    model, loader, optimizer = setting()
    steps = 0

    def interrupted(outputs, targets):
        nonlocal steps
        steps += 1
        if steps == 7:  # in epoch 2
            raise KeyboardInterrupt
        return F.cross_entropy(outputs, targets)

    with pytest.raises(KeyboardInterrupt):
        train.fit(model, loader, interrupted, optimizer, 3, run_folder=tmp_path, progress=False)
    assert len(load(tmp_path / "checkpoint.safetensors")["epochs"]) == 1
    resumed, _ = fit(3, valid=False, run_folder=tmp_path, resume=True)
    assert bits(resumed) == bits(straight)


def test_resuming_a_finished_run_changes_nothing(tmp_path):
    model, history = fit(2, run_folder=tmp_path)
    again, same = fit(2, run_folder=tmp_path, resume=True)
    assert bits(again) == bits(model)
    assert list(same) == list(history)


def test_resume_without_a_checkpoint_begins(tmp_path):
    assert len(fit(1, run_folder=tmp_path / "deep" / "new", resume=True)[1]) == 1


def test_a_folder_that_holds_a_run_is_refused_and_kept(tmp_path):
    fit(1, run_folder=tmp_path)
    before = (tmp_path / "checkpoint.safetensors").read_bytes()
    with pytest.raises(FileExistsError, match=r"holds a run already; go on with it by resume=True"):
        fit(1, run_folder=tmp_path)
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == before


def test_a_damaged_or_foreign_checkpoint_is_refused(tmp_path):
    fit(1, run_folder=tmp_path)
    path = tmp_path / "checkpoint.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[:-7])
    with pytest.raises(RuntimeError, match=r"checkpoint.safetensors is damaged or cut short"):
        fit(2, run_folder=tmp_path, resume=True)
    assert path.read_bytes() == content[:-7]
    save(net().state_dict(), path)
    with pytest.raises(ValueError, match=r"checkpoint.safetensors is no checkpoint of fit"):
        fit(2, run_folder=tmp_path, resume=True)


def test_resuming_with_another_model_or_without_the_scheduler_is_refused(tmp_path):
    fit(1, run_folder=tmp_path, schedule=lambda o: StepLR(o, 1))
    with pytest.raises(ValueError, match="saved with a scheduler, and fit was called with no"):
        fit(2, run_folder=tmp_path, resume=True)
    model = nn.Linear(3, 1)
    optimizer = optim.Adam(model.parameters())
    with pytest.raises(RuntimeError, match=r"Linear.load_state_dict: .* does not fit"):
        train.fit(model, [], F.mse_loss, optimizer, 2, run_folder=tmp_path, resume=True)
