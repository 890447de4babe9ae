"""Checkpoints in the published layouts are read whole; damaged and foreign ones are refused by name."""

import json
import pickle
import re
import zipfile

import pytest
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

from tessera_training.convert.checkpoints import read_state
from tessera_training.convert.clip_layouts import from_hugging_face, to_hugging_face
from tessera_training.convert.clip_vit import ClipVit
from tessera_training.convert.errors import CheckpointError
from tessera_training.convert.gpt import Gpt
from tessera_training.convert.load import read_clip, read_gpt, read_vqgan
from tessera_training.convert.random_checkpoints import TINY, awaken, discriminator, write
from tessera_training.convert.tokenizer import read_merges
from tessera_training.convert.vqgan import Vqgan


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoints")
    write(folder, TINY)
    return folder


def refused(message: str):
    return pytest.raises(CheckpointError, match=re.escape(message))


def test_all_sizes_are_read_off_the_tensors(folder):
    assert read_gpt(folder / "gpt_coco.pt").config == TINY.gpt
    assert read_vqgan(folder / "vqgan_coco.pt", 4).config == TINY.vqgan
    assert read_clip(folder / "clip_vit_b32.pt").config == TINY.clip


def test_published_sizes_have_the_published_shapes():
    """Counted from the published classes: gpt2_medium, VQGAN(16384, 256) and ViT-B/32."""
    with torch.device("meta"):
        counts = [sum(p.numel() for p in kind().parameters()) for kind in (Gpt, ClipVit)]
        vqgan = Vqgan().state_dict()
    assert counts == [336_669_696, 151_277_313]
    assert vqgan["encoder.down.13.attn.in_proj_weight"].shape == (1536, 512)
    assert vqgan["decoder.up.1.attn.in_proj_weight"].shape == (1536, 512)
    assert vqgan["encoder.down.2.conv.weight"].shape == (128, 128, 3, 3)


def test_a_block_is_torchs_own_encoder_layer():
    gpt, width = awaken(Gpt(TINY.gpt), 1), TINY.gpt.width
    theirs = nn.TransformerEncoderLayer(
        width, 2, 4 * width, 0.1, activation=F.gelu, batch_first=True, norm_first=True
    ).eval()
    theirs.load_state_dict(gpt.blocks[0].encoder.state_dict())
    x = torch.randn(2, 16, width)
    assert (theirs(x, gpt.blocks[0].mask) - gpt.blocks[0](x)).abs().max() < 1e-5


def test_attention_of_the_vqgan_is_torchs_own():
    part = awaken(Vqgan(TINY.vqgan), 2).decoder.mid[1]
    theirs = nn.MultiheadAttention(64, 1, batch_first=True)
    theirs.load_state_dict(part.attn.state_dict())
    x = torch.randn(2, 64, 4, 4)
    h = part.norm(x).view(2, 64, 16).transpose(1, 2)
    wanted = x + theirs(h, h, h, need_weights=False)[0].view(2, 4, 4, 64).permute(0, 3, 1, 2)
    assert (part(x) - wanted).abs().max() < 1e-5


def test_quantiser_takes_the_nearest_code():
    vqgan = awaken(Vqgan(TINY.vqgan), 2)
    z = torch.randn(2, 32, 4, 4)
    wanted = torch.cdist(z.permute(0, 2, 3, 1).reshape(-1, 32), vqgan.quantizer.embedding.weight).argmin(1).view(2, 16)
    assert (vqgan.quantizer(z) == wanted).all()


def test_padding_after_the_end_token_changes_nothing():
    clip = awaken(ClipVit(TINY.clip), 3)
    ids = torch.tensor([[638, 5, 9, 639]])
    assert (clip.embed_text(ids) - clip.embed_text(F.pad(ids, (0, 16)))).abs().max() < 1e-5


def test_hugging_face_and_openai_layouts_are_the_same_network(folder):
    ours, theirs = read_clip(folder / "clip_vit_b32.pt"), read_clip(folder / "clip-hf")
    ids, pixels = torch.randint(1, 600, (2, 20)), torch.randn(2, 3, 16, 16)
    ids[:, 7] = 639
    assert (ours.embed_text(ids) == theirs.embed_text(ids)).all()
    assert (ours.embed_image(pixels) == theirs.embed_image(pixels)).all()
    state = ours.state_dict()
    back = from_hugging_face(to_hugging_face(state))
    assert back.keys() == state.keys() and all((back[name] == state[name]).all() for name in state)


def test_hugging_faces_own_class_agrees(folder):
    """Their code and ours on the same files; only where the library is installed."""
    transformers = pytest.importorskip("transformers")
    theirs, ours = transformers.CLIPModel.from_pretrained(folder / "clip-hf").eval(), read_clip(folder / "clip-hf")
    pixels = torch.randn(2, 3, 16, 16)
    image = theirs.visual_projection(theirs.vision_model(pixel_values=pixels).pooler_output)
    assert (F.normalize(image, dim=-1) - ours.embed_image(pixels)).abs().max() < 1e-5
    ids = torch.tensor([[638, 5, 9, 639]])
    text = theirs.text_projection(theirs.text_model(input_ids=ids).last_hidden_state[:, 3])
    assert (F.normalize(text, dim=-1) - ours.embed_text(ids)).abs().max() < 1e-5


def test_openais_archive_is_read_without_its_code(folder, tmp_path):
    """Halves, three numbers beside the weights, and a program that is not run."""
    clip = read_clip(folder / "clip_vit_b32.pt")

    class Archive(nn.Module):
        def __init__(self):
            super().__init__()
            self.visual = clip.visual
            self.transformer = clip.transformer
            self.token_embedding = clip.token_embedding
            self.ln_final = clip.ln_final
            self.positional_embedding = clip.positional_embedding
            self.text_projection = clip.text_projection
            self.logit_scale = clip.logit_scale
            for name in ("input_resolution", "context_length", "vocab_size"):
                self.register_buffer(name, torch.tensor(7))

        def forward(self, pixels):
            return self.visual(pixels)

    path = tmp_path / "ViT-B-32.pt"
    torch.jit.trace(Archive().half(), torch.randn(1, 3, 16, 16).half(), check_trace=False).save(path)
    clip.float()
    loaded, wanted = read_clip(path), read_clip(folder / "clip_vit_b32.pt")
    assert loaded.config == TINY.clip
    for name, tensor in wanted.state_dict().items():
        assert (loaded.state_dict()[name] - tensor).abs().max() <= tensor.abs().max() * 1e-3, name


class Evil:
    def __reduce__(self):
        return print, ("this must not run",)


def test_a_pickle_with_code_in_it_does_not_run(tmp_path, capsys):
    torch.save({"model": {"tok_emb.weight": Evil()}}, tmp_path / "gpt.pt")
    with zipfile.ZipFile(tmp_path / "archive.pt", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Evil()))
        archive.writestr("archive/constants.pkl", b"")
    for name in ("gpt.pt", "archive.pt"):
        with refused("expected a whole checkpoint but received"):
            read_state(tmp_path / name)
    assert "must not run" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["gpt_coco.pt", "clip-hf/model.safetensors"])
def test_a_file_that_is_cut_off_is_named(folder, tmp_path, name):
    path = tmp_path / name.split("/")[-1]
    data = (folder / name).read_bytes()
    for length in (len(data) - 1000, len(data) // 2, 10, 0):
        path.write_bytes(data[:length])
        with refused(f"{path}: expected a whole checkpoint but received {length:,} bytes"):
            read_state(path)


def test_files_that_are_something_else(tmp_path):
    with refused("received nothing: there is no such file"):
        read_state(tmp_path / "none.pt")
    with refused("received a folder"):
        read_state(tmp_path)
    torch.save({"model": {"a": 3}, "epoch": 1}, tmp_path / "numbers.pt")
    with refused("expected a state dict (tensors by name, or such a dict under 'model') but received a dict with a"):
        read_state(tmp_path / "numbers.pt")


def test_a_foreign_checkpoint_is_named_by_what_it_lacks(folder):
    with refused("vqgan_coco.pt: expected a tensor tok_emb.weight [codes, width] but it is missing"):
        read_gpt(folder / "vqgan_coco.pt")
    with refused("gpt_coco.pt: expected a tensor quantizer.embedding.weight [codes, width] but it is missing"):
        read_vqgan(folder / "gpt_coco.pt")
    with refused("gpt_coco.pt: expected a tensor visual.conv1.weight [width, 3, patch, patch] but it is missing"):
        read_clip(folder / "gpt_coco.pt")


def changed(folder, tmp_path, change):
    state = torch.load(folder / "gpt_coco.pt", weights_only=True)
    change(state["model"])
    torch.save(state, tmp_path / "gpt.pt")
    return tmp_path / "gpt.pt"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda s: s.pop("blocks.0.encoder.linear1.weight"),
            "expected a tensor blocks.0.encoder.linear1.weight [512, 128] but it is missing",
        ),
        (lambda s: s.update({"norm.bias": torch.zeros(4)}), "expected norm.bias [128] but received [4]"),
        (lambda s: s.update({"lora": torch.zeros(4, 2)}), "expected no tensor lora but received one [4, 2]"),
        (
            lambda s: s.update({"norm.bias": torch.zeros(128, dtype=torch.int64)}),
            "expected norm.bias of torch.float32 but received torch.int64",
        ),
        (
            lambda s: s["norm.bias"].fill_(float("nan")),
            "expected finite numbers in norm.bias but received 128 that are not",
        ),
        (
            lambda s: s.update({"pos_emb": torch.zeros(16, 128)}),
            "expected pos_emb [1, positions, width] but received [16, 128]",
        ),
        (
            lambda s: s.update({"tok_emb.weight": torch.zeros(96, 100)}),
            "expected a width that is a multiple of 64, the width of a head, but received 100",
        ),
    ],
)
def test_each_wrong_tensor_is_named(folder, tmp_path, change, message):
    with refused(message):
        read_gpt(changed(folder, tmp_path, change))


def test_heads_of_another_width_can_be_given(folder):
    assert read_gpt(folder / "gpt_coco.pt", heads=4).config.head_width == 32


def test_the_discriminator_is_left_aside_but_nothing_else(folder, tmp_path):
    state = torch.load(folder / "vqgan_coco.pt", weights_only=True)["model"]
    assert set(discriminator()) <= set(state)
    torch.save(state | {"loss.weight": torch.zeros(1)}, tmp_path / "vqgan.pt")
    with refused("expected no tensor loss.weight but received one [1]"):
        read_vqgan(tmp_path / "vqgan.pt", 4)
    state.pop("encoder.down.0.block.2.weight")
    torch.save(state, tmp_path / "vqgan.pt")
    with refused("expected a tensor encoder.down.0.block.2.weight [out, in, 3, 3] but it is missing"):
        read_vqgan(tmp_path / "vqgan.pt", 4)


def test_settings_that_no_tensor_shows_are_checked(folder, tmp_path):
    config = json.loads((folder / "clip-hf/config.json").read_text())
    save_file(load_file(folder / "clip-hf/model.safetensors"), tmp_path / "model.safetensors")
    config["text_config"]["hidden_act"] = "gelu"
    (tmp_path / "config.json").write_text(json.dumps(config))
    with refused("expected text_config.hidden_act 'quick_gelu' but received 'gelu'"):
        read_clip(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with refused("expected model_type 'clip' but received 'bert'"):
        read_clip(tmp_path)
    (tmp_path / "config.json").unlink()
    with refused("expected the configuration of a CLIPModel but received"):
        read_clip(tmp_path)


def test_merges_that_are_not_clips(tmp_path):
    path = tmp_path / "merges.txt"
    path.write_text("#version\ni n\nt h\n")
    with refused("expected 10 merges for a vocabulary of 524 but received 2"):
        read_merges(path, 524)
    path.write_text("#version\ni n\nthree pieces here\n")
    with refused("expected two pieces in line 3 but received 'three pieces here'"):
        read_merges(path, 516)
    (tmp_path / "cut.gz").write_bytes(b"\x1f\x8b\x08\x00cut")
    with refused("expected CLIP's merges (bpe_simple_vocab_16e6.txt.gz) but received"):
        read_merges(tmp_path / "cut.gz", 516)
