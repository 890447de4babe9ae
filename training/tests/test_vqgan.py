"""Stage 1: shapes, what is and is not learnt by gradients, and that no code stays dead."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from tessera_training.common.run import save_atomically
from tessera_training.models.prior import Prior, PriorConfig, generate
from tessera_training.models.vqgan import Codebook, Vqgan, VqganConfig
from tessera_training.stages.vqgan import start_from
from tests.conftest import VQGAN


def test_a_picture_becomes_a_grid_of_tokens_and_a_valid_picture_again():
    model = Vqgan(VQGAN).eval()
    tokens = model.encode(torch.rand(3, 4, 32, 32))
    assert tokens.shape == (3, 64, 2) and tokens.dtype == torch.int64
    picture = model.decode(tokens)
    assert picture.shape == (3, 4, 32, 32)
    assert picture.min() >= 0 and picture.max() <= 1
    assert (picture[:, :3] <= picture[:, 3:4]).all(), "premultiplied colour never exceeds alpha"


def test_a_token_stands_for_its_own_place():
    """Changing the last token must not move the picture's first corner, or the grid is laid out wrongly."""
    model = Vqgan(VQGAN).eval()
    tokens = torch.randint(0, 64, (1, 64, 2))
    changed = tokens.clone()
    changed[0, 63] = (changed[0, 63] + 1) % 64
    with torch.no_grad():
        difference = (
            (model.decode_codes(model.codebook.embed(tokens)) - model.decode_codes(model.codebook.embed(changed)))
            .abs()
            .sum((0, 1))
        )
    # Group norm couples everything a little; the bulk of the change has to be in the last corner.
    assert difference[16:, 16:].sum() > 3 * difference[:16, :16].sum()


def test_gradients_pass_the_codebook_straight_through():
    model = Vqgan(VQGAN)
    made, _, commitment = model(torch.rand(2, 4, 32, 32))
    (made.pow(2).mean() + commitment).backward()
    assert model.encoder[1].weight.grad.abs().sum() > 0
    assert not list(model.codebook.parameters()), "codes are moved by averages, not by an optimiser"


def test_picked_codes_move_towards_what_they_stand_for_and_others_stay():
    torch.manual_seed(0)
    book = Codebook(VQGAN).train()
    before = book.codes.clone()
    target = F.normalize(before[:, 5] + 0.3 * torch.randn(2, 8), dim=-1)
    with torch.no_grad():
        tokens, _ = book(target.flatten().expand(4, 64, 16))
    for g in range(2):
        picked = int(tokens[0, 0, g])
        assert (book.codes[g, picked] @ target[g]) > (before[g, picked] @ target[g])
        others = [k for k in range(64) if k != picked]
        assert torch.allclose(book.codes[g, others], before[g, others], atol=1e-6)
    assert torch.allclose(book.codes.norm(dim=-1), torch.ones(2, 64), atol=1e-5)


def test_dead_codes_come_back_as_vectors_of_the_batch():
    torch.manual_seed(0)
    book = Codebook(VQGAN).train()
    z = F.normalize(torch.randn(2, 64, 2, 8), dim=-1)
    book.usage[0, 7] = 0.01
    book(z.flatten(2))
    revived = book.codes[0, 7]
    assert (z[:, :, 0].reshape(-1, 8) @ revived).max() > 0.9999
    assert book.usage[0, 7] == 1


def test_evaluation_leaves_the_codebook_alone():
    book = Codebook(VQGAN).eval()
    before = book.codes.clone()
    book(F.normalize(torch.randn(2, 64, 2, 8), dim=-1).flatten(2))
    assert torch.equal(book.codes, before)


RESIDUAL = replace(VQGAN, codes_per_position=3, residual=True)


def test_each_residual_code_brings_a_cell_nearer():
    torch.manual_seed(0)
    book = Codebook(RESIDUAL).train()
    z = F.rms_norm(torch.randn(16, 64, 8), (8,))
    for _ in range(30):
        book(z)
    tokens, commitment = book.eval()(z)
    left, errors = z, []
    for g in range(3):
        left = left - book.codes[g][tokens[..., g]]
        errors.append(left.pow(2).mean().item())
    assert 1 > errors[0] > errors[1] > errors[2]
    assert torch.allclose(book.embed(tokens), z - left, atol=1e-5)
    assert commitment.item() == pytest.approx(sum(errors) / 3, rel=1e-4)


def test_residual_codes_go_through_both_directions_and_gradients_pass():
    model = Vqgan(RESIDUAL)
    made, tokens, commitment = model(torch.rand(2, 4, 32, 32))
    (made.pow(2).mean() + commitment).backward()
    assert tokens.shape == (2, 64, 3) and made.shape == (2, 4, 32, 32)
    assert model.encoder[1].weight.grad.abs().sum() > 0
    model.eval()
    assert model.decode(model.encode(torch.rand(1, 4, 32, 32))).shape == (1, 4, 32, 32)


def test_a_residual_codebook_starts_from_the_first_batch():
    torch.manual_seed(0)
    book = Codebook(RESIDUAL).train()
    z = F.rms_norm(torch.randn(4, 64, 8), (8,))
    tokens, _ = book(z)
    unpicked = [k for k in range(64) if k not in tokens[..., 0]]
    nearest = torch.cdist(book.codes[0, unpicked], z.reshape(-1, 8)).min(1).values
    assert unpicked and (nearest < 1e-2).all(), "codes that nothing picked are vectors of the batch now"


def test_layers_are_taken_over_where_they_fit(tmp_path):
    theirs, ours = Vqgan(VQGAN), Vqgan(RESIDUAL)
    save_atomically(
        {"state": {"model": theirs.state_dict()}, "config": {}, "step": 0, "seconds": 0.0}, tmp_path / "checkpoint.pt"
    )
    codes = ours.codebook.codes.clone()
    assert start_from(ours, tmp_path) > 10
    assert torch.equal(ours.encoder[1].weight, theirs.encoder[1].weight)
    assert torch.equal(ours.codebook.codes, codes), "another number of codes means other codes"


def test_the_papers_grid_runs_through_both_stages():
    """16 × 16 positions of one code each, as in CLIP-GEN: a training step of each stage, and a picture."""
    config = VqganConfig(
        widths=(16, 16, 32),
        encoder_blocks=(1, 1, 1),
        decoder_blocks=(1, 1, 1),
        codes_per_position=1,
        codebook_size=32,
        code_width=8,
    ).with_grid(16)
    assert (config.patch, config.positions) == (2, 256)
    model = Vqgan(config)
    made, tokens, commitment = model(torch.rand(2, 4, 128, 128))
    (made.pow(2).mean() + commitment).backward()
    assert made.shape == (2, 4, 128, 128) and tokens.shape == (2, 256, 1)
    prior = Prior(
        PriorConfig(
            positions=256,
            codes_per_position=1,
            codebook_size=32,
            embedding_width=16,
            width=32,
            heads=2,
            layers=1,
            map_rank=4,
        )
    )
    embedding = F.normalize(torch.randn(2, 16), dim=-1)
    prior.loss(prior(tokens, embedding), tokens).mean().backward()
    painted = generate(prior.eval(), embedding, torch.Generator().manual_seed(0))
    assert model.eval().decode(painted).shape == (2, 4, 128, 128)


def test_a_grid_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="expected a grid that 3 levels can make of 128 pixels but received 48"):
        VqganConfig().with_grid(48)
