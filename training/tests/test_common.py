"""What every stage leans on: restarts that change nothing, and the optimiser."""

import pytest
import torch

from tessera_training.common import compact
from tessera_training.common.optim import Muon, Optimisers, orthogonalise, split_parameters
from tessera_training.common.run import Run, cosine_schedule, load_checkpoint


def make(folder, steps: int) -> tuple[torch.nn.Module, Optimisers, Run]:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.Linear(8, 3))
    matrices, rest = split_parameters(model, lambda _, p: p.ndim == 2)
    optimiser = Optimisers(matrices, rest, muon_lr=0.02, adam_lr=1e-2)
    return (
        model,
        optimiser,
        Run(folder, {"model": model, "optimiser": optimiser}, {"width": (8, 3)}, 10, steps, log_every=2),
    )


def train(folder, steps: int) -> torch.nn.Module:
    model, optimiser, run = make(folder, steps)
    while run.go_on():
        x = torch.randn(4, 6, generator=torch.Generator().manual_seed(run.step))
        loss = model(x).pow(2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        run.log(loss=loss.item())
    return model


def test_a_run_that_was_cut_in_two_ends_as_if_it_was_not(tmp_path):
    whole = train(tmp_path / "whole", 8)
    train(tmp_path / "cut", 4)
    cut = train(tmp_path / "cut", 8)
    for a, b in zip(whole.parameters(), cut.parameters()):
        assert torch.equal(a, b)
    assert load_checkpoint(tmp_path / "cut" / "checkpoint.pt")["step"] == 8
    assert not list((tmp_path / "cut").glob("*.tmp")), "a checkpoint is written beside and renamed"


def test_the_log_goes_on_with_one_header(tmp_path):
    train(tmp_path, 4)
    train(tmp_path, 8)
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert lines[0] == "step,seconds,loss" and [line.split(",")[0] for line in lines[1:]] == ["2", "4", "6", "8"]


def test_a_finished_run_does_nothing_more(tmp_path):
    train(tmp_path, 4)
    before = (tmp_path / "log.csv").read_text()
    train(tmp_path, 4)
    assert (tmp_path / "log.csv").read_text() == before


def test_a_checkpoint_cannot_run_code(tmp_path):
    class Bad:
        def __reduce__(self):
            return (print, ("run",))

    torch.save({"state": Bad()}, tmp_path / "checkpoint.pt")
    with pytest.raises(Exception, match="[Ww]eights"):
        load_checkpoint(tmp_path / "checkpoint.pt")


@pytest.mark.parametrize("shape", [(16, 16), (8, 32), (32, 8)])
def test_orthogonalise_brings_all_singular_values_near_one(shape):
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonalise(torch.randn(shape) * 7))
    assert values.min() > 0.4 and values.max() < 1.4


def test_muon_takes_convolution_kernels_and_lowers_the_loss():
    torch.manual_seed(0)
    layer = torch.nn.Conv2d(3, 5, 3, bias=False)
    optimiser, x = Muon(layer.parameters(), lr=0.05), torch.randn(8, 3, 6, 6)
    losses = []
    for _ in range(20):
        loss = (layer(x) - 1).pow(2).mean()
        losses.append(loss.item())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert losses[-1] < 0.6 * losses[0]


def test_the_schedule_warms_up_and_comes_down():
    assert cosine_schedule(0) == 0
    assert cosine_schedule(0.02) == pytest.approx(1)
    assert cosine_schedule(1) == pytest.approx(0.03)
    values = [cosine_schedule(p / 100) for p in range(2, 101)]
    assert values == sorted(values, reverse=True)


def test_a_packed_checkpoint_goes_on_where_the_run_was(tmp_path):
    layer, optimiser = torch.nn.Linear(3, 2), torch.nn.Linear(1, 1)
    run = Run(
        tmp_path / "runs" / "some-stage", {"model": layer, "optimiser": optimiser}, {"width": 3}, minutes=1, max_steps=5
    )
    run.step, run.seconds = 4, 30.0
    run.save()
    packed = compact.pack(tmp_path / "runs" / "some-stage", tmp_path / "packed")
    assert packed.name == "some-stage.pt"
    other = torch.nn.Linear(3, 2)
    assert compact.unpack(tmp_path / "elsewhere", tmp_path / "packed") == [
        tmp_path / "elsewhere" / "some-stage" / "checkpoint.pt"
    ]
    again = Run(
        tmp_path / "elsewhere" / "some-stage",
        {"model": other, "optimiser": optimiser},
        {"width": 3},
        minutes=1,
        max_steps=5,
    )
    assert (again.step, again.seconds) == (4, 30.0)
    assert torch.allclose(other.weight, layer.weight, atol=1e-3) and other.weight.dtype == torch.float32
    assert compact.unpack(tmp_path / "elsewhere", tmp_path / "packed") == [], "what is there stays"
