"""Mutations of sound files: of their bytes, and of their structure, so that what comes after parsing is tried too."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final, NamedTuple

__all__ = ["FORMATS", "File", "mutated", "of_text", "of_value", "sound"]

_DIGITS: Final = "9" * 5_000  # more than Python reads as a number
_DEEP: Final = "[" * 5_000 + "]" * 5_000
_PARTLY_DEEP: Final = '{"a":' * 60 + "1" + "}" * 60
# What is written in place of a string: texts that no serialiser would write.
_RAW: Final[Mapping[str, str]] = {
    "@digits@": _DIGITS,
    "@deep@": _DEEP,
    "@nested@": _PARTLY_DEEP,
    "@float@": "1e400",
    "@date@": "2024-01-01",
    "@bare@": "nonsense",
}
_ODD: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 1, 7, 2**31, 2**63, 2**64, -(2**63) - 1, 10**30, 0.5, -0.0, 1.5, 1e300),
    *(float("nan"), float("inf"), -float("inf")),
    *(
        "",
        " ",
        "a",
        "0",
        "1",
        "-1",
        "true",
        "\n",
        "\t",
        "a\tb",
        "a\nb",
        "a b",
        "\r",
        "\x00",
        "\x85",
        "\u2028",
        "\ufeff",
    ),
    *("\ud800", "a\udfffb", "\U0001f600", "́", "../..", "/", ".", "~", "C:\\a", "x" * 300, "x" * 5_000, "١٢", "²"),
    *("%s", "{}", "[red]", "en", "xx", "zh-Hant", "NaN", "(", "a(b", "typos(", "@sys", "=1+1"),
    *([], {}, [[]], [None], [1], ["a"], {"a": 1}, {"": None}, [[], {}], [[1, 2, 3]], ["a", 1], {"\ud800": "a"}),
    *_RAW,
)
_BYTES: Final = (
    *(b"", b"\x00", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\r", b"\r\n", b"\n\n", b"\t", b" ", b"\xc2\x85"),
    *(
        b"\xe2\x80\xa8",
        b"\x1b[31m",
        b"\x7f",
        b"-",
        b"1e999",
        b"nan",
        b"NaN",
        b"inf",
        b'"',
        b"'",
        b"{",
        b"}",
        b"[",
        b"]",
    ),
    *(b",", b":", b"=", b"#", b"\\", b"\\ud800", b"null", b"true", _DIGITS.encode(), _DEEP.encode(), b"\xd9\xa1"),
)


class File(NamedTuple):
    """A sound file. value: its content, as its format has it; form: the name of one of FORMATS."""

    form: str
    value: Any


class _Twice(dict[str, Any]):
    """An object whose last key is written twice."""

    def items(self) -> Any:
        """Return the items, the last one twice: the encoder takes any sequence."""
        pairs = list(super().items())
        return [*pairs, *pairs[-1:]]


def of_value(value: Any, chance: Random) -> Any:
    """Return a copy of a value of JSON with one to three changes."""
    holder = [copy.deepcopy(value)]
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        _change(holder, chance)
    return holder[0] if holder else None


def _change(holder: list[Any], chance: Random) -> None:
    """Change one place of a value: the nodes on the way down are as likely as the leaves."""
    parent: Any = holder
    key: Any = 0
    while parent:
        keys = list(parent) if isinstance(parent, dict) else range(len(parent))
        key = chance.choice(keys)
        inside = parent[key]
        if not isinstance(inside, (list, dict)) or not inside or chance.random() < 0.15:
            break
        parent = inside
    if not parent:
        return
    choice = chance.randrange(9)
    if choice == 0 and parent is not holder:
        del parent[key]
    elif choice == 1 and isinstance(parent, dict):
        name = chance.choice([*parent, "", "a", "\ud800", "x" * 300])
        parent[name] = parent.pop(key)
    elif choice == 2 and isinstance(parent, list) and parent is not holder:
        parent.insert(key, copy.deepcopy(parent[key]))
    elif choice == 3:
        parent[key] = [parent[key]] if chance.random() < 0.5 else {"a": parent[key]}
    elif choice == 4 and isinstance(parent[key], str):
        parent[key] = of_text(parent[key].encode("utf-8", "surrogatepass"), chance).decode("utf-8", "replace")
    elif choice == 5 and isinstance(parent[key], (int, float)) and not isinstance(parent[key], bool):
        parent[key] = chance.choice((-parent[key], parent[key] + 1, parent[key] * 1e9, str(parent[key])))
    elif choice == 6 and isinstance(parent, dict):
        parent[chance.choice(("a", "", "title", "__class__"))] = chance.choice(_ODD)
    elif choice == 7 and isinstance(parent[key], dict):
        parent[key] = _Twice(parent[key])
    else:
        parent[key] = copy.deepcopy(chance.choice(_ODD))


def of_text(content: bytes, chance: Random) -> bytes:
    """Return bytes with one to three changes, of single bits, of parts and of lines."""
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        content = _edit(content, chance)
    return content


def _edit(content: bytes, chance: Random) -> bytes:
    if not content:
        return chance.choice(_BYTES)
    at = chance.randrange(len(content))
    end = min(len(content), at + chance.choice((1, 1, 2, 4, 16, 200)))
    choice = chance.randrange(10)
    if choice == 0:
        return content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1 :]
    if choice == 1:
        return content[:at]
    if choice == 2:
        return content[:at] + content[end:]
    if choice == 3:
        return content[:end] + content[at:end] + content[end:]
    if choice in (4, 5):
        return content[:at] + chance.choice(_BYTES) + content[at:]
    if choice == 6:
        return content[:at] + chance.choice(_BYTES) + content[end:]
    if choice == 7:
        other = chance.randrange(len(content))
        return content[:at] + content[other : other + end - at] + content[end:]
    lines = content.split(b"\n")
    line = chance.randrange(len(lines))
    if choice == 8:
        lines[line : line + 1] = chance.choice(([], [lines[line]] * 2, [b""], [lines[line], b""]))
    else:
        cells = lines[line].split(b"\t" if b"\t" in lines[line] else b" ")
        cell = chance.randrange(len(cells))
        cells[cell : cell + 1] = chance.choice(([], [b""], [cells[cell]] * 2, [chance.choice(_BYTES)]))
        lines[line] = (b"\t" if b"\t" in lines[line] else b" ").join(cells)
    return b"\n".join(lines)


def _raw(text: str) -> bytes:
    for mark, instead in _RAW.items():
        text = text.replace(f'"{mark}"', instead)
    return text.encode("utf-8", "surrogatepass")


def _json(value: Any) -> bytes:
    return _raw(json.dumps(value, ensure_ascii="\\ud" in json.dumps(value)))


def _json_lines(rows: Any) -> bytes:
    return b"\n".join(map(_json, rows if isinstance(rows, list) else [rows])) + b"\n"


def _toml(value: Any) -> bytes:
    if not isinstance(value, dict):
        return _raw(f"a = {_inline(value)}\n")
    return _raw("".join(f"{_key(key)} = {_inline(inner)}\n" for key, inner in value.items()))


def _key(key: Any) -> str:
    return key if str(key).replace("-", "").isalnum() and str(key).isascii() else json.dumps(str(key))


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_inline(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    if isinstance(value, float):
        return {"nan": "nan", "inf": "inf", "-inf": "-inf"}.get(repr(value), repr(value))
    return json.dumps(value)


def _safetensors(parts: Any) -> bytes:
    """Return a file of safetensors: the length of the header, the header as JSON, the numbers."""
    header, numbers = parts
    text = _json(header)
    return len(text).to_bytes(8, "little") + text + numbers


def _pickle(value: Any) -> bytes:
    import io

    import torch

    sink = io.BytesIO()
    torch.save(value, sink)
    return sink.getvalue()


def _parquet(parts: Any) -> bytes:
    """Return a file of columns, of the types that a schema has for them if they fit, else of others, else as text."""
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    columns, schema = parts
    if not isinstance(columns, dict):
        return _json(columns)
    made: dict[str, Any] = {}
    for name, values in columns.items():
        rows = values if isinstance(values, list) else [values]
        known = schema.field(name).type if name in schema.names else None
        for kind in (known, None, pa.string()):
            try:
                made[name] = pa.array([ascii(row) for row in rows] if kind == pa.string() != known else rows, kind)
                break
            except (pa.ArrowException, OverflowError, ValueError, TypeError):
                continue
    size = min(map(len, made.values()), default=0)
    sink = io.BytesIO()
    try:
        table = pa.table({name: values[:size] for name, values in made.items()})
        pq.write_table(table.replace_schema_metadata(schema.metadata), sink)
    except (pa.ArrowException, ValueError, UnicodeError):
        return _json(columns)
    return sink.getvalue()


# How the value of a file becomes bytes; None: the value is bytes already.
FORMATS: Final[Mapping[str, Callable[[Any], bytes] | None]] = {
    "bytes": None,
    "json": _json,
    "jsonl": _json_lines,
    "toml": _toml,
    "safetensors": _safetensors,
    "pickle": _pickle,
    "parquet": _parquet,
}


def sound(file: File) -> bytes:
    """Return the bytes of a file as it should be."""
    form = file.form.removesuffix("+gz")
    write = FORMATS[form]
    content: bytes = file.value if write is None else write(file.value)
    return gzip.compress(content, 1, mtime=0) if file.form.endswith("+gz") else content


def mutated(file: File, chance: Random) -> bytes | None:
    """Return the bytes of a file with some changes; None: the file is left out."""
    if chance.random() < 0.02:
        return None
    form, packed = file.form.removesuffix("+gz"), file.form.endswith("+gz")
    write = FORMATS[form]
    content: bytes = file.value if write is None else write(file.value)
    inside = chance.random()
    if write is not None and inside < 0.7:
        if form in {"safetensors", "parquet"}:
            content = write((of_value(file.value[0], chance), file.value[1]))
        elif form == "pickle":
            content = _pickle(_of_pickled(file.value, chance))
        else:
            content = write(of_value(file.value, chance))
    elif not packed or inside < 0.85:
        content = of_text(content, chance)
    if packed:
        content = gzip.compress(content, 1, mtime=0)
        if inside >= 0.85:
            content = of_text(content, chance)
    return content


def _of_pickled(value: Any, chance: Random) -> Any:
    """Return the dictionaries of a pickle with some changes; what is in them is shared, not copied."""
    if not isinstance(value, dict) or not value:
        return copy.deepcopy(chance.choice(_ODD))
    made = dict(value)
    key = chance.choice(list(made))
    if isinstance(made[key], dict) and chance.random() < 0.8:
        made[key] = _of_pickled(made[key], chance)
    elif hasattr(made[key], "__dict__") and not hasattr(made[key], "shape") and chance.random() < 0.9:
        made[key] = copy.copy(made[key])
        made[key].__dict__.update(_of_pickled(vars(made[key]), chance))
    elif chance.random() < 0.2:
        del made[key]
    elif hasattr(made[key], "shape") and chance.random() < 0.6:
        made[key] = _of_tensor(made[key], chance)
    else:
        made[key] = copy.deepcopy(chance.choice(_ODD))
    return made


def _of_tensor(tensor: Any, chance: Random) -> Any:
    import torch

    choice = chance.randrange(5)
    if choice == 0:
        return tensor[:1]
    if choice == 1:
        return tensor.flatten()
    if choice == 2:
        return tensor.to(chance.choice((torch.bfloat16, torch.int8, torch.complex64, torch.float64, torch.bool)))
    if choice == 3:
        return torch.full_like(tensor, float("nan"))
    return tensor.unsqueeze(0)
