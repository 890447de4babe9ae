"""The tensors of a TorchScript archive, such as OpenAI's own ViT-B-32.pt, without running any of its code.

Such an archive is a zip: `<name>/data.pkl` pickles the module's attributes, `<name>/data/<key>` are the storages,
`<name>/code/` the program. The pickle is read by an unpickler that knows tensors and empty shells and refuses the rest.
(`torch.load(weights_only=True)` refuses these archives; `torch.jit.load` would compile the program.)
"""

import io
import pickle
import zipfile
from collections import OrderedDict

import torch


class Shell:
    """Stands for an object of the archive's own classes: a bag of attributes."""

    def __setstate__(self, state: object) -> None:
        if isinstance(state, dict):
            self.__dict__.update(state)


def rebuild(storage: torch.Tensor, offset: int, size: tuple, stride: tuple, *_: object) -> torch.Tensor:
    """`torch._utils._rebuild_tensor_v2`, with a flat tensor in the storage's place"""
    return storage.as_strided(size, stride, offset)


class Unpickler(pickle.Unpickler):
    def __init__(self, archive: zipfile.ZipFile, root: str):
        super().__init__(io.BytesIO(archive.read(f"{root}/data.pkl")))
        self.archive, self.root, self.storages = archive, root, {}

    def find_class(self, module: str, name: str) -> object:
        if module.split(".")[0] == "__torch__":
            return Shell
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return rebuild
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch" and name.endswith("Storage"):
            return getattr(torch, name).dtype
        raise pickle.UnpicklingError(f"expected tensors but received {module}.{name}")

    def persistent_load(self, pid: tuple) -> torch.Tensor:
        """("storage", its type, its key, the device it was on, number of elements) -> a flat tensor"""
        _, dtype, key, _, count = pid
        if key not in self.storages:
            data = bytearray(self.archive.read(f"{self.root}/data/{key}"))
            self.storages[key] = (
                torch.frombuffer(data, dtype=dtype, count=count) if count else torch.empty(0, dtype=dtype)
            )
        return self.storages[key]


def is_torchscript(archive: zipfile.ZipFile) -> bool:
    return any(name.endswith("/constants.pkl") for name in archive.namelist())


def read_torchscript(archive: zipfile.ZipFile) -> dict[str, torch.Tensor]:
    """Every tensor by its dotted name. @raises pickle.UnpicklingError for a pickle with anything else in it"""
    root = next(name for name in archive.namelist() if name.endswith("/data.pkl")).rsplit("/", 1)[0]
    found: dict[str, torch.Tensor] = {}

    def collect(value: object, path: str) -> None:
        for name, inner in vars(value).items():
            if isinstance(inner, torch.Tensor):
                found[path + name] = inner
            elif isinstance(inner, Shell):
                collect(inner, f"{path}{name}.")

    collect(Unpickler(archive, root).load(), "")
    return found
