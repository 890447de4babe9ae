"""Pictures as lossy WebP with alpha, all in one file: a tenth of what PNG takes, and one read instead of thousands.

WebP holds straight alpha (what lies under nothing costs nothing there); in memory pictures are premultiplied as
everywhere. Nothing but numpy and Pillow is imported here, so that worker processes start at once.
"""

import io
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

FILE, LENGTHS = "pictures.webps", "pictures.lengths.npy"
CHUNK = 128  # pictures a worker takes at a time


def straight(pixels: np.ndarray) -> np.ndarray:
    """Premultiplied uint8 [..., 4] -> straight; `premultiplied` gives back exactly what came in."""
    wide = pixels.astype(np.uint16)
    alpha = wide[..., 3:]
    rgb = np.where(alpha > 0, (wide[..., :3] * 255 + alpha // 2) // np.maximum(alpha, 1), 0)
    return np.concatenate([np.minimum(rgb, 255), alpha], -1).astype(np.uint8)


def premultiplied(pixels: np.ndarray) -> np.ndarray:
    """Straight uint8 [..., 4] -> premultiplied, rounded as data/prepare.py does."""
    wide = pixels.astype(np.uint16)
    return np.concatenate([(wide[..., :3] * wide[..., 3:] + 127) // 255, wide[..., 3:]], -1).astype(np.uint8)


def encode(pixels: np.ndarray, quality: int) -> list[bytes]:
    """Premultiplied uint8 [B, H, W, 4] -> one WebP file each"""
    out = []
    for picture in straight(pixels):
        buffer = io.BytesIO()
        Image.fromarray(picture, "RGBA").save(buffer, "WEBP", quality=quality, method=4)
        out.append(buffer.getvalue())
    return out


def decode(files: list[bytes]) -> np.ndarray:
    """-> premultiplied uint8 [B, H, W, 4]"""
    return premultiplied(np.stack([np.asarray(Image.open(io.BytesIO(f)).convert("RGBA")) for f in files]))


def psnrs(made: np.ndarray, real: np.ndarray) -> np.ndarray:
    """dB of each picture over premultiplied RGBA, identical ones as 80"""
    error = ((made.astype(np.float32) - real) / 255).reshape(len(real), -1)
    return -10 * np.log10(np.maximum((error**2).mean(1), 1e-8))


def write_pictures(pixels: np.ndarray, folder: Path, quality: int) -> dict[str, float]:
    """-> what was lost: mean and lowest PSNR, and the bytes"""
    files, losses = [], []
    for at in range(0, len(pixels), CHUNK):
        real = np.asarray(pixels[at : at + CHUNK])
        made = encode(real, quality)
        files += made
        losses.append(psnrs(decode(made), real))
    (folder / FILE).write_bytes(b"".join(files))
    np.save(folder / LENGTHS, np.array([len(f) for f in files], np.uint32))
    loss = np.concatenate(losses)
    return {
        "pictures": len(files),
        "bytes": sum(map(len, files)),
        "quality": quality,
        "psnr_mean": round(float(loss.mean()), 2),
        "psnr_lowest": round(float(loss.min()), 2),
    }


def read_pictures(folder: Path, workers: int = os.cpu_count() or 1) -> np.ndarray:
    """-> premultiplied uint8 [N, H, W, 4], decoded by `workers` processes"""
    packed = (folder / FILE).read_bytes()
    ends = np.cumsum(np.load(folder / LENGTHS).astype(np.int64))
    files = [packed[a:b] for a, b in zip([0, *ends[:-1]], ends)]
    chunks = [files[at : at + CHUNK] for at in range(0, len(files), CHUNK)]
    if workers < 2:
        return np.concatenate([decode(chunk) for chunk in chunks])
    with ProcessPoolExecutor(workers) as pool:
        return np.concatenate(list(pool.map(decode, chunks)))
