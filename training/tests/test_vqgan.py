"""Stage 1: shapes, what is and is not learnt by gradients, and that no code stays dead."""

import torch
import torch.nn.functional as F

from tests.conftest import VQGAN
from vqgan.model import Codebook, Vqgan


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
