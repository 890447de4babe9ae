"""What the bot computes is what was trained: every exported graph against its PyTorch original."""

import copy
import json
from dataclasses import asdict

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from tessera_training.common.quantise import quantise_blocks
from tessera_training.evaluate.sampler import BundleSampler, Sampling
from tessera_training.export.bundle import FULL, Precision, write_bundle
from tessera_training.export.prior_graphs import build_depth, build_step
from tessera_training.export.storage import shrink
from tessera_training.models.load import load_vqgan
from tessera_training.models.prior import PriorStep, generate


def session(model: onnx.ModelProto) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def run(model: onnx.ModelProto, **feeds) -> np.ndarray:
    return session(model).run(None, {k: v.numpy() for k, v in feeds.items()})[0]


def test_a_refined_decoder_is_taken_as_far_as_asked(models, tmp_path):
    vqgan = models[0]
    refined = {name: value + 1 for name, value in vqgan.decoder.state_dict().items()}
    for folder, state in (("vqgan", {"model": vqgan.state_dict()}), ("decoder", {"decoder": refined})):
        (tmp_path / folder).mkdir()
        torch.save(
            {"state": state, "config": asdict(vqgan.config), "step": 0, "seconds": 0.0},
            tmp_path / folder / "checkpoint.pt",
        )
    for share in (0.0, 0.25, 1.0):
        loaded = load_vqgan(tmp_path / "vqgan", tmp_path / "decoder", share)
        for name, value in loaded.decoder.state_dict().items():
            assert torch.allclose(value, vqgan.decoder.state_dict()[name] + share, atol=1e-6), name
        assert torch.equal(loaded.codebook.codes, vqgan.codebook.codes)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(
        WordLevel({"[PAD]": 0, "[UNK]": 1, "a": 2, "fox": 3, "apple": 4, "red": 5}, unk_token="[UNK]")
    )
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.enable_truncation(12)
    tokenizer.enable_padding(pad_id=0, pad_token="[PAD]")
    return tokenizer


@pytest.fixture(scope="module")
def bundle(models, tokenizer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    write_bundle(folder, "tiny", models, tokenizer, None, FULL)
    return folder


@pytest.mark.parametrize(("bits", "tolerance"), [(32, 1e-4), (8, 0.05), (4, 0.8)])
@torch.no_grad()
def test_step_and_depth_equal_the_reference_at_mixed_positions(models, bits, tolerance):
    """Rows are at different places, and the cache beyond a row's place is full of rubbish that must not be read."""
    prior = models[2]
    config, rows = prior.config, 5
    reference = PriorStep(prior)
    step = session(build_step(prior, bits, 32))
    depth = session(build_depth(prior, bits, 32))
    torch.manual_seed(3)
    cache = [torch.randn(rows, config.heads, config.positions, config.head_width) * 3 for _ in range(2 * config.layers)]
    tokens, condition = torch.randint(0, config.codebook_size, (rows, 2)), torch.randn(rows, config.width)
    position = torch.tensor([0, 1, 17, 40, 63])
    hidden, logits, *present = reference(tokens, condition, position, *cache)
    feeds = {"image_tokens": tokens, "condition": condition, "position": position}
    feeds |= {
        f"past_{kind}_{at}": cache[2 * at + i] for at in range(config.layers) for i, kind in enumerate(("key", "value"))
    }
    names = [output.name for output in step.get_outputs()]
    out = dict(zip(names, step.run(names, {k: v.numpy() for k, v in feeds.items()})))
    # Deviations in units of the logits' spread.
    assert np.abs(out["logits"] - logits.numpy()).max() / logits.std() < tolerance
    every = torch.arange(rows)
    for at in range(config.layers):
        for i, kind in enumerate(("key", "value")):
            written = present[2 * at + i][every, :, position]
            assert np.abs(out[f"new_{kind}_{at}"] - written.numpy()).max() / written.std() < 2 * tolerance
    second = depth.run(None, {"hidden": hidden.numpy(), "image_tokens": tokens[:, :1].numpy()})[0]
    wanted = prior.depth(hidden, tokens[:, 0])
    assert np.abs(second - wanted.numpy()).max() / wanted.std() < tolerance


def test_a_row_does_not_depend_on_its_neighbours(models):
    """The bot batches strangers' requests together: eight-bit activations are scaled per row, not per batch."""
    prior = models[2]
    config, step = prior.config, session(build_step(prior, 8, 32))
    generator = np.random.default_rng(0)
    alone = {
        "image_tokens": np.array([[3, 4]]),
        "condition": generator.standard_normal((1, config.width)).astype(np.float32),
        "position": np.array([5]),
    }
    for at in range(config.layers):
        for kind in ("key", "value"):
            alone[f"past_{kind}_{at}"] = generator.standard_normal(
                (1, config.heads, config.positions, config.head_width)
            ).astype(np.float32)
    crowd = {k: np.concatenate([v, v * 50 if v.dtype == np.float32 else v + 1, v]) for k, v in alone.items()}
    first, together = (step.run(["logits"], feeds)[0] for feeds in (alone, crowd))
    assert np.abs(first[0] - together[0]).max() < 1e-4
    assert np.abs(together[0] - together[2]).max() < 1e-5
    assert np.abs(together[0] - together[1]).max() > 0.1


def test_greedy_tokens_and_pixels_of_the_whole_bundle_equal_pytorch(models, bundle):
    vqgan, _, prior = models
    torch.manual_seed(1)
    embedding = torch.nn.functional.normalize(torch.randn(3, prior.config.embedding_width), dim=-1)
    sampler = BundleSampler(bundle, threads=1)
    for guidance in (1.0, 2.0):
        wanted = generate(prior, embedding, torch.Generator(), temperature=0, guidance=guidance)
        tokens = sampler.paint(embedding.numpy(), Sampling(temperature=0, guidance=guidance), np.random.default_rng(0))
        assert (tokens == wanted.numpy()).all()
    with torch.no_grad():
        pixels = vqgan.decode(wanted).numpy()
    decoded = sampler.decode(tokens)
    assert np.abs(decoded - pixels).max() < 2 / 255
    assert (decoded[:, :3] <= decoded[:, 3:] + 1e-6).all()


@torch.no_grad()
def test_cached_steps_equal_full_recomputation(models):
    prior = models[2]
    config = prior.config
    torch.manual_seed(2)
    embedding = torch.nn.functional.normalize(torch.randn(2, config.embedding_width), dim=-1)
    tokens = torch.randint(0, config.codebook_size, (2, config.positions, 2))
    wanted = prior(tokens, embedding)[0]
    step, condition = session(build_step(prior, 32)), prior.condition(embedding).numpy()
    past = {
        f"past_{kind}_{at}": np.zeros((2, config.heads, config.positions, config.head_width), np.float32)
        for at in range(config.layers)
        for kind in ("key", "value")
    }
    names = [output.name for output in step.get_outputs()]
    for p in range(config.positions):
        feeds = {
            "image_tokens": tokens[:, max(p - 1, 0)].numpy(),
            "condition": condition[:, p],
            "position": np.full(2, p),
        }
        out = dict(zip(names, step.run(names, feeds | past)))
        for name, cache in past.items():
            cache[:, :, p] = out[name.replace("past", "new")]
        assert np.abs(out["logits"] - wanted[:, p].numpy()).max() < 1e-4


@pytest.mark.parametrize("kind", ["float32", "float16", "int8"])
@torch.no_grad()
def test_towers_agree_for_any_number_of_rows_and_words(models, bundle, kind):
    _, clip, prior = models
    text, image, condition = (
        shrink(onnx.load(bundle / f"{name}.onnx"), kind) for name in ("text_encoder", "image_encoder", "condition")
    )
    tolerance = {"float32": 1e-5, "float16": 2e-3, "int8": 0.05}[kind]
    for rows, length in ((1, 3), (4, 12)):
        ids, mask = torch.randint(1, 100, (rows, length)), torch.ones(rows, length, dtype=torch.long)
        mask[-1, length // 2 :] = 0
        wanted = clip.text(ids, mask)[0].numpy()
        made = run(text, input_ids=ids, attention_mask=mask)
        assert (made * wanted).sum(-1).min() > 0.999
        assert np.allclose(np.linalg.norm(made, axis=-1), 1, atol=1e-5)
        pixels = torch.randn(rows, 3, 16, 16)
        assert (run(image, pixels=pixels) * clip.image(pixels).numpy()).sum(-1).min() > 0.999
        embedding = torch.randn(rows, 16)
        assert np.abs(run(condition, embedding=embedding) - prior.condition(embedding).numpy()).max() < tolerance * 4
    null = run(condition, embedding=torch.zeros(1, 16))
    assert np.abs(null - prior.condition(torch.zeros(1, 16)).numpy()).max() < tolerance


@torch.no_grad()
def test_pictures_and_tokens_agree(models, bundle):
    vqgan = models[0]
    decoder, encoder = onnx.load(bundle / "decoder.onnx"), onnx.load(bundle / "encoder.onnx")
    tokens, pixels = torch.randint(0, 64, (3, 64, 2)), torch.rand(5, 4, 32, 32)
    for kind, tolerance in (("float32", 1e-4), ("float16", 2 / 255), ("int8", 8 / 255)):
        made = run(shrink(copy.deepcopy(decoder), kind), image_tokens=tokens)
        assert np.abs(made - vqgan.decode(tokens).numpy()).max() < tolerance
    assert (run(encoder, pixels=pixels) == vqgan.encode(pixels).numpy()).mean() > 0.999


def test_bundle_describes_its_files(bundle, models):
    described = json.loads((bundle / "bundle.json").read_text())
    assert set(described["files"]) == {p.name for p in bundle.iterdir()} - {"bundle.json", "CARD.md"}
    assert described["prior"]["codesPerPosition"] == models[2].config.codes_per_position
    assert described["decoder"]["grid"] ** 2 == described["prior"]["positions"]


def test_checkpoints_that_do_not_belong_together_are_refused(models, tokenizer, tmp_path):
    other = copy.deepcopy(models[2])
    object.__setattr__(other, "config", type(other.config)(positions=16))
    with pytest.raises(ValueError, match="expected a prior with positions 64 but received 16"):
        write_bundle(tmp_path, "wrong", (models[0], models[1], other), tokenizer, None, Precision())


@pytest.mark.parametrize("bits", [4, 8])
def test_block_quantisation_is_within_half_a_step(bits):
    weight = np.random.default_rng(0).standard_normal((6, 64)).astype(np.float32)
    weight[2, :32] = 0
    codes, scales = quantise_blocks(weight, bits, 32)
    whole = codes if bits == 8 else np.stack([codes & 15, codes >> 4], -1).reshape(6, 2, 32)
    back = (whole.astype(np.float32) - 2 ** (bits - 1)) * scales[..., None]
    error = np.abs(back.reshape(6, 64) - weight)
    assert (error[2, :32] == 0).all()
    limit = 0.51 if bits == 8 else 1.7  # at four bits one outlier may be clipped for the others' sake
    assert (error.reshape(6, 2, 32) <= limit * np.abs(scales)[..., None]).all()
