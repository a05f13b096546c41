"""What a file or folder that somebody gives as a model really is, told by its content.

The suffix says nothing: files are renamed, downloaded as a pointer or a web page, and packed. Only
the beginning of a file, and the list of an archive's members, is read.
"""

from __future__ import annotations

import json
import re
import shlex
import tarfile
import zipfile
from collections.abc import Callable
from enum import Enum
from pathlib import Path

from mcuforge.errors import ForgeError, ModelError, UsageError
from mcuforge.files import untrusted


class Kind(Enum):
    """What a path holds; the value names it in a message."""

    TFLITE = "a .tflite model"
    KERAS = "a Keras model"
    HDF5 = "an HDF5 file"
    SAVED_MODEL = "a TensorFlow SavedModel"
    RECIPE = "a model folder"
    KERAS_2 = "a .keras file of Keras 2 (tf_keras)"
    KERAS_FOLDER = "a .keras file that was unpacked"
    KERAS_CONFIG = "a Keras model's configuration, without weights"
    TF_JS = "a model for TensorFlow.js"
    FROZEN_GRAPH = "a TensorFlow graph (frozen graph, GraphDef)"
    SAVED_MODEL_PB = "the graph of a SavedModel, which is a folder"
    CHECKPOINT = "a TensorFlow checkpoint: weights alone"
    ONNX = "an ONNX model"
    PYTORCH = "a PyTorch file"
    EXECUTORCH = "an ExecuTorch program"
    SAFETENSORS = "a safetensors file: weights alone"
    GGUF = "a GGUF language model"
    CORE_ML = "a Core ML model"
    OPENVINO = "an OpenVINO model"
    BUNDLE = "an archive of several .tflite files (a MediaPipe bundle)"
    LANGUAGE_MODEL = "a language model for LiteRT-LM"
    ENGINE = "a model compiled for another vendor's accelerator"
    NCNN = "an ncnn model"
    PICKLE = "a Python pickle"
    C_ARRAY = "a model as a C array"
    LFS_POINTER = "a Git LFS pointer, not the file itself"
    WEB_PAGE = "a web page"
    SAMPLES = "an array of NumPy: samples, not a model"
    COMPRESSED = "a compressed file"
    ARCHIVE = "an archive"
    ELF = "a program (ELF)"
    FOLDER = "a folder without a model"
    EMPTY = "empty"
    UNKNOWN = "no model that is known"


CONVERTIBLE = (Kind.KERAS, Kind.HDF5, Kind.SAVED_MODEL)  # what `mcuforge convert` takes itself

_HEAD_BYTES = 4096
_TEXT_CHARACTERS = 1 << 20  # a C array may come after a long comment
_TO_TF = "Make a TensorFlow SavedModel of it and convert that folder: "
_C_TO_BYTES = (  # chr(123) and chr(125) are the braces
    "python -c \"import re; text = open('{literal}').read(); "
    "text = text.split(chr(123))[-1].split(chr(125))[0]; "
    "open('model.tflite', 'wb').write(bytes(int(n, 0) for n in re.findall('\\w+', text)))\""
)
_KERAS_2_TO_HDF5 = (
    'python -c "import tf_keras; '
    "tf_keras.models.load_model('{literal}', compile=False).save('model.h5')\""
)
# What to do about each kind that no command takes: one command where there is one.
_WAY_OUT = {
    Kind.KERAS_2: f"Write it as HDF5, which is converted: {_KERAS_2_TO_HDF5}",
    Kind.KERAS_FOLDER: "Pack it again: (cd {path} && zip -r ../model.keras .)",
    Kind.KERAS_CONFIG: "Write model and weights with model.save('model.keras').",
    Kind.TF_JS: "Turn it back: tensorflowjs_converter --input_format=tfjs_layers_model "
    "--output_format=keras {path} model.h5",
    Kind.FROZEN_GRAPH: "Give the .keras file or the SavedModel folder that it was made from.",
    Kind.SAVED_MODEL_PB: "Give the folder that holds it and its variables: {parent}",
    Kind.CHECKPOINT: "Load it where the model's code is, and write model.save('model.keras').",
    Kind.ONNX: _TO_TF + "onnx2tf -i {path} -o exported",
    Kind.PYTORCH: "Export it to ONNX (torch.onnx.export), and from there: "
    "onnx2tf -i model.onnx -o exported; then convert the folder 'exported'.",
    Kind.EXECUTORCH: "Export the PyTorch model to ONNX (torch.onnx.export), and from there: "
    "onnx2tf -i model.onnx -o exported; then convert the folder 'exported'.",
    Kind.SAFETENSORS: "Load it where the model's code is, and write model.save('model.keras').",
    Kind.GGUF: "It is far too large for a microcontroller.",
    Kind.CORE_ML: "Give the Keras model that it was made from.",
    Kind.OPENVINO: "Give the Keras or ONNX model that it was made from.",
    Kind.BUNDLE: "Unpack it, and give the one that you want: unzip {path}",
    Kind.LANGUAGE_MODEL: "It is far too large for a microcontroller.",
    Kind.ENGINE: "Give the .tflite or Keras model that it was compiled from.",
    Kind.NCNN: "Give the Keras or ONNX model that it was made from.",
    Kind.PICKLE: "It is not opened: a pickle can run any code. Write model.save('model.keras').",
    Kind.C_ARRAY: f"Turn it back into the .tflite: {_C_TO_BYTES}",
    Kind.LFS_POINTER: "Fetch the file: git lfs pull --include={path}",
    Kind.WEB_PAGE: "Download the file itself (the 'raw' link).",
    Kind.SAMPLES: "It goes with --samples or --inputs; name the model first.",
    Kind.COMPRESSED: "Unpack it first: {unpack} {path} > unpacked",
    Kind.ARCHIVE: "Unpack it first, and give the model that is in it: {unpack} {path}",
    Kind.ELF: "Give the model that the firmware was made from; `mcuforge flash` takes firmware.",
    Kind.FOLDER: "A model folder holds recipe.toml, a SavedModel saved_model.pb. To make a model "
    "folder: mcuforge init MODEL --samples FILE.npz",
    Kind.EMPTY: "Copy or write the file again.",
    Kind.UNKNOWN: "Give a .tflite, a .keras or .h5 file, a SavedModel or a model folder.",
}


def recognise(path: Path) -> Kind:
    """What `path` is. Raises `UsageError` where it is missing, `ModelError` if it is unreadable."""
    try:
        if path.is_dir():
            return _folder({entry.name for entry in path.iterdir()})
        head = untrusted.head(path, _HEAD_BYTES)
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file. Train the model or name another file.") from None
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}).") from None
    if head.startswith(b"PK"):
        return _zip(path)
    return next((kind for test, kind in _TESTS if test(head)), None) or _text(path, head)


def refusal(path: Path, kind: Kind) -> ForgeError:
    """Says what the path is, and what to do: bad usage, or a damaged file where it is nothing."""
    quoted, literal = shlex.quote(str(path)), str(path).replace("'", "\\'")
    advice = _WAY_OUT[kind].replace("{unpack}", _unpacker(path))
    advice = advice.replace("{parent}", str(path.parent)).replace("{path}", quoted)
    advice = advice.replace("{literal}", literal)
    damaged = kind in (Kind.EMPTY, Kind.UNKNOWN)
    error = ModelError if damaged else UsageError
    return error(f"{path}: this is {kind.value}. {advice}")


def require_tflite(path: Path) -> None:
    """Raise `UsageError` where a path is something else than a `.tflite`.

    What looks like nothing that is known passes: reading tells what is wrong with it.
    """
    kind = recognise(path)
    if kind in CONVERTIBLE:
        raise UsageError(
            f"{path} is {kind.value}. Convert it first: "
            f"mcuforge convert {shlex.quote(str(path))} --samples samples.npz"
        )
    if kind not in (Kind.TFLITE, Kind.UNKNOWN):
        raise refusal(path, kind)


def require_convertible(path: Path) -> None:
    """Raise unless a path is what `convert` takes: `.keras`, HDF5, SavedModel."""
    kind = recognise(path)
    if kind is Kind.TFLITE:
        raise UsageError(f"{path}: this is a .tflite model: it is converted already.")
    if kind is Kind.RECIPE:
        raise UsageError(f"{path}: a folder with a recipe, where the Keras model itself belongs.")
    if kind not in CONVERTIBLE:
        raise refusal(path, kind)


def _folder(names: set[str]) -> Kind:
    if names & {"saved_model.pb", "saved_model.pbtxt"}:
        return Kind.SAVED_MODEL
    if "recipe.toml" in names:
        return Kind.RECIPE
    if {"config.json", "metadata.json"} <= names:
        return Kind.KERAS_FOLDER
    if "Manifest.json" in names or "coremldata.bin" in names:
        return Kind.CORE_ML
    is_checkpoint = "checkpoint" in names or any(name.endswith(".index") for name in names)
    return Kind.CHECKPOINT if is_checkpoint else Kind.FOLDER


def _zip(path: Path) -> Kind:
    untrusted.check_archive(path, untrusted.OF_SAMPLES)
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if {"config.json", "metadata.json"} <= set(names):
                metadata = json.loads(untrusted.member(archive, "metadata.json"))
                is_old = str(metadata.get("keras_version", "3")).startswith("2.")
                return Kind.KERAS_2 if is_old else Kind.KERAS
    except Exception:  # zipfile raises whatever the damage leads to
        return Kind.KERAS  # what is damaged is told where it is opened
    if any(name.endswith(("/data.pkl", "/constants.pkl", "/version")) for name in names):
        return Kind.PYTORCH
    if any(name.endswith(".npy") for name in names):
        return Kind.SAMPLES
    if sum(name.endswith(".tflite") for name in names) > 1:
        return Kind.BUNDLE
    is_part = {"config.json", "metadata.json", "model.weights.h5"} & set(names)
    return Kind.KERAS if is_part else Kind.ARCHIVE


def _text(path: Path, head: bytes) -> Kind:
    """The kind of a text file; UNKNOWN where it is none."""
    try:
        text = head.decode("utf-8-sig", errors="strict" if len(head) < _HEAD_BYTES else "ignore")
    except UnicodeDecodeError:
        return Kind.UNKNOWN
    if "\0" in text:
        return Kind.UNKNOWN
    for pattern, kind in _TEXTS:
        if pattern.search(text):
            return kind
    with path.open(encoding="utf-8", errors="ignore") as file:
        text = file.read(_TEXT_CHARACTERS)
    if _C_ARRAY.search(text):
        return Kind.C_ARRAY
    return Kind.RECIPE if _RECIPE.search(text) else Kind.UNKNOWN


# unsigned char model[] = {, const uint8_t g_model[1024] PROGMEM = {, std::array<uint8_t, 4> m = {
_C_ARRAY = re.compile(
    r"\b(?:char|u?int8_t|byte)\b[^;{()]*[\[<][^;{]*=\s*\{\s*(?:0x[0-9a-f]+|\d+)\s*,", re.IGNORECASE
)
_RECIPE = re.compile(r"^\s*(?:\[(?:model|convert|evaluation|train)\]|name\s*=)", re.MULTILINE)
_TEXTS = (
    (re.compile(r"\Aversion https://git-lfs"), Kind.LFS_POINTER),
    (re.compile(r"\A\s*<(?:!doctype html|html|head)", re.IGNORECASE), Kind.WEB_PAGE),
    (re.compile(r"\A\s*(?:<\?xml[^>]*>\s*)?<net\b"), Kind.OPENVINO),
    (re.compile(r'"(?:modelTopology|weightsManifest)"'), Kind.TF_JS),
    (re.compile(r'\A\s*\{.*"class_name"', re.DOTALL), Kind.KERAS_CONFIG),
    (re.compile(r"\A(?:node|library)\s*\{|\bmodel_checkpoint_path:"), Kind.FROZEN_GRAPH),
)


def _begins(*beginnings: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(beginnings)


def _holds(mark: bytes, at: int) -> Callable[[bytes], bool]:
    return lambda head: head[at : at + len(mark)] == mark


def _is_onnx(head: bytes) -> bool:
    """ModelProto: ir_version (field 1, a small number), then text fields or the graph."""
    return _has_version(head) and head[2] in (0x12, 0x1A, 0x22, 0x2A, 0x32, 0x3A, 0x42)


def _is_core_ml(head: bytes) -> bool:
    """Core ML's Model: its version as ONNX has it, then a message (field 2) that begins with an
    input (its field 1), where ONNX has the name of a program."""
    return _has_version(head) and re.match(rb"\x12[\x80-\xff]*[\x01-\x7f]\n", head[2:]) is not None


def _has_version(head: bytes) -> bool:
    return len(head) > 3 and head[0] == 0x08 and 0 < head[1] < 0x40


def _is_saved_model(head: bytes) -> bool:
    """SavedModel: schema version 1 (field 1), then a meta graph (field 2), large."""
    return head.startswith(b"\x08\x01\x12") and len(head) > 4 and bool(head[3] & 0x80)


def _is_graph(head: bytes) -> bool:
    """GraphDef: nodes (field 1), each beginning with a name (its field 1) of printable text."""
    match = re.match(rb"\n(?:[\x80-\xff]*[\x00-\x7f])\n([\x01-\x7f])", head)
    if match is None:
        return False
    name = head[match.end() : match.end() + match.group(1)[0]]
    return re.fullmatch(rb"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*", name) is not None


def _is_safetensors(head: bytes) -> bool:
    return len(head) > 9 and head[8:10] == b'{"' and int.from_bytes(head[:8], "little") < 1 << 27


_TESTS: tuple[tuple[Callable[[bytes], bool], Kind], ...] = (
    (lambda head: not head, Kind.EMPTY),
    (_holds(b"TFL3", 4), Kind.TFLITE),
    (_begins(b"\x89HDF\r\n\x1a\n"), Kind.HDF5),
    (_holds(b"ET", 4), Kind.EXECUTORCH),
    (_begins(b"\x7fELF"), Kind.ELF),
    (_begins(b"\x93NUMPY"), Kind.SAMPLES),
    (_begins(b"GGUF"), Kind.GGUF),
    (_begins(b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"), Kind.COMPRESSED),
    (_begins(b"7z\xbc\xaf\x27\x1c", b"Rar!"), Kind.ARCHIVE),
    (_holds(b"ustar", 257), Kind.ARCHIVE),
    (_begins(b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46"), Kind.PYTORCH),  # its older format, a pickle
    (lambda head: len(head) > 1 and head[0] == 0x80 and 2 <= head[1] <= 5, Kind.PICKLE),
    (_is_safetensors, Kind.SAFETENSORS),
    (_begins(b"LITERTLM"), Kind.LANGUAGE_MODEL),
    # Hailo, Rockchip, Kendryte, TensorRT
    (_begins(b"\x01HEF", b"RKNN", b"LDMK", b"ftrt", b"ptrt"), Kind.ENGINE),
    (_begins(b"7767517\n"), Kind.NCNN),
    (_is_saved_model, Kind.SAVED_MODEL_PB),
    (_is_core_ml, Kind.CORE_ML),
    (_is_onnx, Kind.ONNX),
    (_is_graph, Kind.FROZEN_GRAPH),
)

_UNPACKERS = (
    (b"\x1f\x8b", "gunzip -c"), (b"BZh", "bunzip2 -c"), (b"\xfd7zXZ", "xz -dc"),
    (b"\x28\xb5", "zstd -dc"), (b"PK", "unzip"), (b"7z", "7z x"), (b"Rar!", "unrar x"),
)  # fmt: skip


def _unpacker(path: Path) -> str:
    """The program that unpacks a file."""
    if path.is_dir() or tarfile.is_tarfile(path):
        return "tar xf"
    with path.open("rb") as file:
        head = file.read(8)
    return next((program for start, program in _UNPACKERS if head.startswith(start)), "")
