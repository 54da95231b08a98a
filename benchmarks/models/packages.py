"""Models of keras_unet_collection 0.1.13 and segmentation_models 1.0.1, if installed, and of tf-keras; small."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

from .recipe import Model, Recipe, add

COLLECTION, MODELS = "keras_unet_collection", "segmentation_models"
SIDE = (32, 32, 3)


def _from_collection(kind: str, arguments: dict[str, Any]) -> Model:
    from keras_unet_collection import models

    arguments = {"input_size": SIDE, "n_labels": 3, **arguments}
    return getattr(models, kind)(**arguments)


def _from_models(kind: str, backbone: str, arguments: dict[str, Any]) -> Model:
    import segmentation_models

    options = {"input_shape": SIDE, "classes": 3, "activation": "softmax", "encoder_weights": None, **arguments}
    return getattr(segmentation_models, kind)(backbone, **options)


def _add(name: str, source: str, build: Callable[[], Model]) -> None:
    if find_spec(source) is not None:
        add(Recipe(name, source, build, legacy=True))


def _unet(name: str, kind: str, **arguments: Any) -> None:
    _add(name, COLLECTION, partial(_from_collection, kind, arguments))


def _model(kind: str, backbone: str, **arguments: Any) -> None:
    _add(f"{kind}_{backbone}", MODELS, partial(_from_models, kind, backbone, arguments))


def _regnet() -> Model:
    from tf_keras import applications

    return applications.RegNetX002(weights=None, input_shape=SIDE, classes=10)


def _resnet_rs() -> Model:
    from tf_keras import applications

    return applications.ResNetRS50(weights=None, input_shape=SIDE, classes=10)


add(Recipe("RegNetX002", "tf_keras.applications", _regnet, legacy=True))
add(Recipe("ResNetRS50", "tf_keras.applications", _resnet_rs, legacy=True))

FILTERS, FEWER = [4, 8, 12], {"batch_norm": True}
_unet("unet_2d", "unet_2d", filter_num=FILTERS, **FEWER)
_unet("unet_2d_leaky_strided", "unet_2d", filter_num=FILTERS, activation="LeakyReLU", pool=False, unpool=False, **FEWER)
_unet("unet_2d_prelu_average", "unet_2d", filter_num=FILTERS, activation="PReLU", pool="ave", unpool="nearest", **FEWER)
_unet("unet_2d_gelu", "unet_2d", filter_num=FILTERS, activation="GELU", **FEWER)
_unet("unet_2d_snake", "unet_2d", filter_num=FILTERS, activation="Snake", output_activation="Snake", **FEWER)
_unet("vnet_2d", "vnet_2d", filter_num=FILTERS, res_num_max=2, pool=False, unpool=False, **FEWER)
_unet("vnet_2d_prelu", "vnet_2d", filter_num=FILTERS, activation="PReLU", pool=False, unpool=False, **FEWER)
_unet("unet_plus_2d", "unet_plus_2d", filter_num=FILTERS, **FEWER)
_unet("unet_plus_2d_deep_supervision", "unet_plus_2d", filter_num=FILTERS, deep_supervision=True, **FEWER)
_unet("r2_unet_2d", "r2_unet_2d", filter_num=FILTERS, stack_num_down=1, stack_num_up=1, **FEWER)
_unet("att_unet_2d", "att_unet_2d", filter_num=FILTERS, **FEWER)
_unet("resunet_a_2d", "resunet_a_2d", filter_num=FILTERS, dilation_num=[1, 3], aspp_num_down=12, aspp_num_up=8)
_unet("u2net_2d", "u2net_2d", filter_num_down=FILTERS, filter_mid_num_down=[4, 4, 4], filter_4f_num=[8, 8],
      filter_4f_mid_num=[4, 4], **FEWER)  # fmt: skip
_unet("u2net_2d_linear", "u2net_2d", filter_num_down=FILTERS, filter_mid_num_down=[4, 4, 4], filter_4f_num=[8, 8],
      filter_4f_mid_num=[4, 4], output_activation=None, **FEWER)  # fmt: skip
_unet("unet_3plus_2d", "unet_3plus_2d", filter_num_down=FILTERS, **FEWER)
_unet("unet_3plus_2d_deep_supervision", "unet_3plus_2d", filter_num_down=FILTERS, deep_supervision=True, **FEWER)
_unet("transunet_2d", "transunet_2d", filter_num=FILTERS, num_transformer=1, embed_dim=16, num_mlp=16, num_heads=2)
_model("Unet", "resnet18", decoder_filters=(32, 24, 16, 12, 8))
_model("Unet", "mobilenetv2", decoder_filters=(32, 24, 16, 12, 8))
_model("Unet", "vgg16", decoder_filters=(32, 24, 16, 12, 8), decoder_block_type="transpose")
_model("Unet", "seresnet18", decoder_filters=(32, 24, 16, 12, 8))
_model("Unet", "efficientnetb0", decoder_filters=(32, 24, 16, 12, 8))
_model("FPN", "resnet18", pyramid_block_filters=32, pyramid_dropout=0.1)
_model("Linknet", "resnet18")
_model("Linknet", "mobilenetv2", decoder_filters=(None, None, None, None, 16))
_model("PSPNet", "resnet18", input_shape=(48, 48, 3), psp_conv_filters=32)
