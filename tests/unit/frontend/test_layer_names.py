"""Layer names from tensor names, as our converter writes them."""

from __future__ import annotations

import pytest

from mcuforge.frontend.layer_names import layer_name


@pytest.mark.parametrize(
    ("tensor", "layer"),
    [
        ("unet_1/encode_48x48_a_1/Relu;unet_1/encode_48x48_a_1/convolution1", "encode_48x48_a"),
        ("sequential_1/re_lu_1/Relu;sequential_1/conv2d_1/convolution", "conv2d"),
        ("functional_1/conv2d_1_2/Relu;functional_1/conv2d_1_2/convolution", "conv2d_1"),
        ("functional_1/dense_1/MatMul1", "dense"),
        ("unet_1/enlarge_24x24_1/Repeat_1/Reshape_1", "enlarge_24x24"),
        ("model/conv2d_3/Conv2D", "conv2d_3"),
        ("functional_1/Erf", "Erf"),
        ("net_1/conv2d_1_1/Gelu/mul;net_1/conv2d_1_1/Gelu/x;net_1/con", "conv2d_1"),
        ("serving_default_image:0", "image"),
        ("StatefulPartitionedCall_1:0", "output"),
        ("StatefulPartitionedCall_1:01", "output"),
        ("tfl.quantize1", "tfl.quantize1"),
        ("conv2d", "conv2d"),
        ("", ""),
    ],
)
def test_layer_name(tensor: str, layer: str) -> None:
    assert layer_name(tensor) == layer


def test_known_layers_decide() -> None:
    tensor = "model_1/conv_2/Conv2D"
    assert layer_name(tensor) == "conv"
    assert layer_name(tensor, ["conv_2"]) == "conv_2"
    assert layer_name(tensor, ["conv", "other"]) == "conv"
    assert layer_name(tensor, ["other"]) == "conv_2"
