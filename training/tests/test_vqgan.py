"""Stage 1: shapes, what is and is not learnt by gradients, and that no code stays dead."""

import pytest
import torch
import torch.nn.functional as F

from prior.model import Prior, PriorConfig, generate
from tests.conftest import VQGAN
from vqgan.model import Codebook, Vqgan, VqganConfig


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
        difference = (model.decode_codes(model.codebook.embed(tokens)) - model.decode_codes(model.codebook.embed(changed))).abs().sum((0, 1))
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
    z = target.expand(4, 64, 2, 8)
    with torch.no_grad():
        tokens = book(z)
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
    book(z)
    revived = book.codes[0, 7]
    assert (z[:, :, 0].reshape(-1, 8) @ revived).max() > 0.9999
    assert book.usage[0, 7] == 1


def test_evaluation_leaves_the_codebook_alone():
    book = Codebook(VQGAN).eval()
    before = book.codes.clone()
    book(F.normalize(torch.randn(2, 64, 2, 8), dim=-1))
    assert torch.equal(book.codes, before)


def test_the_papers_grid_runs_through_both_stages():
    """16 × 16 positions of one code each, as in CLIP-GEN: a training step of each stage, and a picture."""
    config = VqganConfig(widths=(16, 16, 32), encoder_blocks=(1, 1, 1), decoder_blocks=(1, 1, 1), groups=1, codebook_size=32, code_width=8).with_grid(16)
    assert (config.patch, config.positions) == (2, 256)
    model = Vqgan(config)
    made, tokens, commitment = model(torch.rand(2, 4, 128, 128))
    (made.pow(2).mean() + commitment).backward()
    assert made.shape == (2, 4, 128, 128) and tokens.shape == (2, 256, 1)
    prior = Prior(PriorConfig(positions=256, groups=1, codebook_size=32, embedding_width=16, width=32, heads=2, layers=1, map_rank=4))
    embedding = F.normalize(torch.randn(2, 16), dim=-1)
    prior.loss(prior(tokens, embedding), tokens).mean().backward()
    painted = generate(prior.eval(), embedding, torch.Generator().manual_seed(0))
    assert model.eval().decode(painted).shape == (2, 4, 128, 128)


def test_a_grid_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="expected a grid that 3 levels can make of 128 pixels but received 48"):
        VqganConfig().with_grid(48)
