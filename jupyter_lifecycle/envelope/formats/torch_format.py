"""PyTorch: the module's code as a pickle without tensors, the tensors in a file of their own.

The tensors are read with ``weights_only``, mapped from the file, and onto the processor where the
device that they were on is not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.envelope.formats import Stored, framework

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_TENSORS = "tensors.pt"


class TorchFormat:
    """Modules of PyTorch."""

    name = "torch"

    def fits(self, model: Any) -> bool:
        """Whether it is a module; TorchScript's are code of their own, and stay with pickle."""
        torch = framework("torch", "torch")
        return isinstance(model, torch.nn.Module) and not isinstance(model, torch.jit.ScriptModule)

    def dump(self, model: Any, folder: Path, pickle: Callable[..., bytes]) -> Stored:
        """Write ``module.pkl`` and ``tensors.pt``."""
        torch = framework("torch", "torch")
        places: dict[int, int] = {}
        tensors: list[Any] = []

        def persistent(value: Any) -> int | None:
            if type(value) not in (torch.Tensor, torch.nn.Parameter):
                return None
            if id(value) not in places:
                places[id(value)] = len(tensors)
                tensors.append(value)
            return places[id(value)]

        file = folder / "module.pkl"
        file.write_bytes(pickle(model, persistent=persistent))
        torch.save([_plain(torch, one) for one in tensors], folder / _TENSORS)
        return Stored(self.name, file.name, ("torch",))

    def load(self, file: Path, kind: str, unpickle: Callable[..., Any]) -> Any:  # noqa: ARG002 - the protocol's
        """Read both; the module answers, it does not train."""
        torch = framework("torch", "torch")
        target = None if torch.cuda.is_available() else "cpu"
        stored = torch.load(
            file.with_name(_TENSORS), map_location=target, weights_only=True, mmap=True
        )
        tensors = [_restored(torch, *one) for one in stored]
        model = unpickle(file.read_bytes(), persistent=tensors.__getitem__)
        return model.eval()


def _plain(torch: Any, tensor: Any) -> tuple[Any, bool, bool]:
    parameter = isinstance(tensor, torch.nn.Parameter)
    return tensor.detach(), parameter, bool(tensor.requires_grad)


def _restored(torch: Any, tensor: Any, parameter: bool, gradient: bool) -> Any:
    if parameter:
        return torch.nn.Parameter(tensor, requires_grad=gradient)
    return tensor.requires_grad_(gradient) if gradient else tensor
