"""The configuration of a saved Keras model: what cannot be loaded safely, and its number formats.

Looked at before Keras sees the file, so that what Keras refuses in general terms, or would run as
code, is named with its layer. Needs Keras only to know which layers are its own.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import keras

from mcuforge.errors import ModelError

# Formats of real numbers that are rebuilt in float32, by Keras's policy or dtype.
REDUCED = ("mixed_float16", "mixed_bfloat16", "float16", "bfloat16", "float64")
_QUANTIZED = ("int8", "int4", "float8", "gptq", "awq")  # how such a policy's name begins
_NOT_TRACEABLE = re.compile(r"[^A-Za-z0-9_.>-]")  # in TensorFlow's scopes
_MODELS = ("Functional", "Sequential", "Model")
_POLICIES = ("DTypePolicy", "FloatDTypePolicy", "Policy", "PolicyV1")
_GONE = {"groups": 1, "time_major": False}  # arguments of Keras 2's layers, with their defaults
# Keras 2 clips x / 5 + 1 / 2, Keras 3 x / 6 + 1 / 2, by the same name.
_CHANGED = {"hard_sigmoid": "is another function in Keras 3 than in Keras 2, which saved the model"}


def check_loadable(config: Any, where: str, *, keras_2: bool) -> None:
    """Raise `ModelError` naming the first layer that is somebody's own code, or quantised."""
    for layer, owner in _objects(config, "the model"):
        reason = _own_code(layer) or _quantized(layer)
        if keras_2 and reason is None:
            reason = _changed(layer)
        if reason:
            raise ModelError(f"{where}: {owner} {reason}")


def in_float32(config: Any) -> Any:
    """The configuration with every real number format of `REDUCED` replaced by float32."""
    if isinstance(config, list):
        return [in_float32(item) for item in config]
    if not isinstance(config, dict):
        return config
    if config.get("class_name") in _POLICIES and policy_name(config) in REDUCED:
        return {**config, "config": {**config["config"], "name": "float32"}}
    return {
        key: "float32" if key == "dtype" and value in REDUCED else in_float32(value)
        for key, value in config.items()
    }


def reduced(config: Any) -> str | None:
    """The coarsest of the formats that `in_float32` replaces; None where there is none."""
    found = set(_formats(config))
    order = ("mixed_bfloat16", "bfloat16", "mixed_float16", "float16", "float64")
    return next((name for name in order if name in found), None)


def for_keras_3(config: Any) -> Any:
    """Keras 2's configuration without the arguments that Keras 3's layers lost, at their defaults.

    Others stay, for Keras to refuse.
    """
    if isinstance(config, list):
        return [for_keras_3(item) for item in config]
    if not isinstance(config, dict):
        return config
    known = getattr(keras.layers, str(config.get("class_name")), None)
    inner = config.get("config")
    if known is not None and isinstance(inner, dict):
        names = inspect.signature(known.__init__).parameters
        kept = {k: v for k, v in inner.items() if k in names or _GONE.get(k, _GONE) != v}
        config = {**config, "config": kept}
    return {key: for_keras_3(value) for key, value in config.items()}


def with_traceable_names(config: Any) -> Any:
    """The configuration with names of layers that TensorFlow can trace: Keras takes any text."""
    odd = sorted(name for name in set(_names(config)) if _NOT_TRACEABLE.search(name))
    taken = set(_names(config))
    renamed: dict[str, str] = {}
    for name in odd:
        plain = "layer" + clean if (clean := _NOT_TRACEABLE.sub("_", name))[:1] in "_-" else clean
        while plain in taken:
            plain += "_"
        taken.add(plain)
        renamed[name] = plain
    return _renamed(config, renamed) if renamed else config


def _names(config: Any) -> Iterator[str]:
    """The names of layers and models."""
    for entry, _ in _objects(config, ""):
        inner = entry.get("config")
        for holder in (entry, inner):
            if isinstance(holder, dict) and isinstance(holder.get("name"), str):
                yield holder["name"]


def _renamed(config: Any, names: dict[str, str]) -> Any:
    """The configuration with other names, also where [name, node, tensor] refers to one."""
    if isinstance(config, list):
        first, *rest = config or [None]
        if isinstance(first, str) and [type(item) for item in rest[:2]] == [int, int]:
            return [names.get(first, first), *(_renamed(item, names) for item in rest)]
        return [_renamed(item, names) for item in config]
    if not isinstance(config, dict):
        return config
    return {
        key: names.get(value, value)
        if key == "name" and isinstance(value, str)
        else _renamed(value, names)
        for key, value in config.items()
    }


def policy_name(policy: Any) -> str:
    """The name of a dtype policy, given as in a configuration."""
    inner = policy.get("config") if isinstance(policy, dict) else None
    return str(inner.get("name", "")) if isinstance(inner, dict) else str(policy)


def _formats(config: Any) -> Iterator[str]:
    if isinstance(config, list):
        for item in config:
            yield from _formats(item)
    elif isinstance(config, dict):
        if config.get("class_name") in _POLICIES:
            yield policy_name(config)
        for key, value in config.items():
            if key == "dtype" and value in REDUCED:
                yield value
            yield from _formats(value)


def _objects(config: Any, owner: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Every object of a configuration, with the layer that holds it or is it, outermost first."""
    if isinstance(config, list):
        for item in config:
            yield from _objects(item, owner)
    elif isinstance(config, dict):
        if isinstance(config.get("class_name"), str):
            owner = _layer(config) or owner
            yield config, owner
        for key, value in config.items():
            if key not in ("build_config", "compile_config"):
                yield from _objects(value, owner)


def _layer(config: dict[str, Any]) -> str | None:
    inner = config.get("config")
    name = config.get("name") or (inner.get("name") if isinstance(inner, dict) else None)
    is_policy = config["class_name"] in _POLICIES or config["class_name"].endswith("DTypePolicy")
    return f"layer '{name}'" if isinstance(name, str) and not is_policy else None


def _own_code(config: dict[str, Any]) -> str | None:
    """What makes an object somebody's own code, and the way out; None where it is Keras's."""
    kind, module = config["class_name"], config.get("module")
    if kind in ("Lambda", "__lambda__"):
        return f"is a Lambda: a file's Python code is not run here. {_WAY_OUT}"
    if kind in ("TFOpLambda", "SlicingOpLambda", "ClassMethod"):
        return f"is a TensorFlow op inside a Keras 2 model, which Keras 3 cannot load. {_WAY_OUT}"
    if kind.startswith("__"):
        return None
    if kind == "function":
        function = config.get("config")
        if str(module).split(".")[0] == "keras" or _is_keras_function(function):
            return None
        return f"uses the function {function!r}, which is your own code. {_WAY_OUT}"
    activation = _activation(config)
    if activation is not None and not _is_keras_function(activation):
        return f"uses the activation {activation!r}, which Keras does not know. {_WAY_OUT}"
    if str(module).split(".")[0] == "keras" or module == "builtins":
        return None
    if (
        module is None
        and (kind in _MODELS or _is_known(kind))
        and not config.get("registered_name")
    ):
        return None
    return f"is of the class {kind!r}, which is your own code and not in the file. {_WAY_OUT}"


_WAY_OUT = (
    "Build it of Keras's own layers; or, where the model was made, write "
    "model.export('exported') and convert that folder: mcuforge convert exported --samples ..."
)


def _activation(config: dict[str, Any]) -> str | None:
    """The name of a layer's activation, where it is given by its name."""
    inner = config.get("config")
    found = inner.get("activation") if isinstance(inner, dict) else None
    return found if isinstance(found, str) else None


def _is_keras_function(name: Any) -> bool:
    places = (keras.activations, keras.initializers, keras.ops, keras.losses, keras.metrics)
    return any(hasattr(place, str(name)) for place in places)


def _is_known(kind: str) -> bool:
    """Whether Keras 3 finds a class by its bare name, as Keras 2 and HDF5 files give it."""
    places = (
        keras.layers,
        keras.initializers,
        keras.regularizers,
        keras.constraints,
        keras.dtype_policies,
    )
    return kind in _POLICIES or any(hasattr(place, kind) for place in places)


def _quantized(config: dict[str, Any]) -> str | None:
    if not config["class_name"].endswith("DTypePolicy"):
        return None
    inner = config.get("config")
    name = str(inner.get("mode") or policy_name(config)) if isinstance(inner, dict) else ""
    if not name.startswith(_QUANTIZED):
        return None
    return (
        f"was quantised by Keras ('{name}'): its weights are rounded already, in a way of their "
        "own. Give the model as it was before model.quantize()."
    )


def _changed(config: dict[str, Any]) -> str | None:
    inner = config.get("config")
    for key in ("activation", "recurrent_activation"):
        name = inner.get(key) if isinstance(inner, dict) else None
        if isinstance(name, dict):
            name = name.get("config")
        if isinstance(name, str) and name in _CHANGED:
            return (
                f"uses '{name}', which {_CHANGED[name]}. With Keras 2, write "
                "model.export('exported') and convert that folder."
            )
    return None
