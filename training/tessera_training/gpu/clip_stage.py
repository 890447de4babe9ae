"""CLIP in large batches (stages/clip.py), with the teacher beside it instead of its stored vectors."""

import numpy as np
import torch
import torch.nn.functional as F

from tessera_training.common.optim import Optimisers, split_parameters
from tessera_training.common.run import autocast, cosine_schedule
from tessera_training.gpu.shop import Shop, config_of
from tessera_training.gpu.stream import load_tokenizer
from tessera_training.gpu.teacher import TOKENIZER, read_teacher, start_student
from tessera_training.models.clip import Clip
from tessera_training.stages.clip import backgrounds, contrastive, evaluate

# The text transformer's rate: it starts from its teacher. Twice that of stages/clip.py, for eight times larger batches.
GENTLE = 2e-4


def tokens_of(ids: np.ndarray, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Padded ids [B, L] -> ids and mask, int64, as short as the longest allows"""
    longest = max(1, int((ids != 0).sum(1).max()))
    cut = torch.from_numpy(ids[:, :longest].astype(np.int64)).to(device)
    return cut, (cut != 0).long()


def false_negatives(arrays: dict[str, np.ndarray], device: torch.device) -> torch.Tensor:
    """As in stages/clip.py, of the stream's keys: bool [B, B], text i would be true of picture j as well."""
    key, style, styled = (torch.from_numpy(arrays[name]).to(device) for name in ("key", "style", "styled"))
    same = (key[:, None] == key) & ((style[:, None] == style) | ~styled[:, None])
    return same.fill_diagonal_(False)


def train_clip(shop: Shop) -> Clip:
    plan, device = shop.plan, shop.device
    teacher = read_teacher(shop.pack).to(device)
    model = Clip(plan.clip)
    start_student(model.text.transformer, teacher.cpu())
    model, teacher = model.to(device), teacher.to(device)
    model.image.to(memory_format=torch.channels_last)
    matrices, rest = split_parameters(model.image, lambda _, p: p.ndim == 4)
    optimiser = Optimisers(
        matrices,
        [*rest, model.log_scale, *model.text.head.parameters()],
        muon_lr=0.015,
        adam_lr=1e-3,
        weight_decay=0.01,
    )
    moving = [p for p in model.text.transformer.parameters() if p.requires_grad]
    gentle = torch.optim.AdamW(moving, lr=GENTLE, betas=(0.9, 0.98))
    generator = torch.Generator().manual_seed(0)
    stage = shop.stage("clip", 1, model, config_of(plan.clip))

    while stage.go_on():
        factor = cosine_schedule(stage.progress)
        optimiser.set_factor(factor)
        gentle.param_groups[0]["lr"] = GENTLE * factor
        x, arrays = shop.compose(plan.clip_batch)
        words = tokens_of(np.concatenate([arrays["captions"], arrays["read"]]), device)
        (asked, asked_mask) = tokens_of(arrays["taught"], device)
        with autocast(device):
            image = model.embed_pictures(x, backgrounds(len(x), generator).to(device)).float()
            text, sentence = (t.float() for t in model.text(*words))
            text = text[: len(x)]
            with torch.no_grad():
                wanted = F.normalize(teacher(asked, asked_mask).float(), dim=-1)
            match = contrastive(image, text, model.scale, false_negatives(arrays, device))
            distance = (1 - (image * text).sum(-1)).mean()
            distil = (1 - (sentence[len(x) :] * wanted).sum(-1)).mean()
            loss = match + distance + 3.0 * distil
        optimiser.zero_grad()
        gentle.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(moving, 1.0)
        optimiser.step()
        gentle.step()
        stage.note(loss=loss, match=match, distance=distance, distil=distil, scale=model.scale)
    shop.finish("clip", model, config_of(plan.clip))
    pairs = np.random.default_rng(0).permutation(shop.held_out("pair"))
    found = evaluate(model, shop.pictures, batch_tokenizer(shop), pairs, device) if len(pairs) >= 100 else {}
    model.eval()
    shop.log.write("clip", stage.step, **found, pairs=stage.step * plan.clip_batch)
    return model


def batch_tokenizer(shop: Shop):
    """Pads to the longest of a batch, as `models.text.tokenize` wants it."""
    tokenizer = load_tokenizer(shop.pack / TOKENIZER, shop.plan.clip.text.context_length)
    tokenizer.enable_padding(pad_id=0, pad_token="[PAD]")
    return tokenizer
