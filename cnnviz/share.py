"""Share links: a whole design as a token, and back.

The token is base64url( deflate( the design's JSON without defaults ) + CRC-32 ), with the version before it. Nothing is
stored anywhere: the link contains the design.
"""

import base64
import json
import zlib
from urllib.parse import urlsplit

from cnnviz.architecture import Architecture
from cnnviz.architecture.design import MAX_JSON_LENGTH
from cnnviz.errors import DesignError
from cnnviz.layers import Layer

VERSION = "1"
"""First character of a token; has to change with the dictionary and with any default of a layer's parameter."""
MAX_TOKEN_LENGTH = 7_500
"""Largest number of characters in a token.

nginx takes request lines of up to 8,192 bytes, Apache of 8,190, which also hold the address and the page's name.
"""
DESIGN_PARAM = "design"
"""The query parameter of a link that carries a design."""
CHECKSUM_BYTES = 4
"""Bytes of the CRC-32 at the end, which finds all damage within 32 bits in a row, such as five characters."""


def to_token(architecture: Architecture) -> str:
    """Returns a design as a token of letters, digits, - and _; raises DesignError where it is too long for a link.

    >>> from cnnviz.presets import PRESETS
    >>> token = to_token(PRESETS["lab-convnet"].architecture)
    >>> from_token(token) == PRESETS["lab-convnet"].architecture
    True
    """
    design = {"input_shape": architecture.input_shape, "layers": _to_plain_json(architecture.layers)}
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=ZLIB_DICTIONARY)
    packed = packer.compress(json.dumps(design, separators=(",", ":"), allow_nan=False).encode()) + packer.flush()
    token = VERSION + _base64url(packed + _checksum(packed))
    if len(token) > MAX_TOKEN_LENGTH:
        raise DesignError(
            f"This design needs a link of {len(token):,} characters, and servers take only about {MAX_TOKEN_LENGTH:,}."
            " Share it as a JSON file instead."
        )
    return token


def share_link(server: str, architecture: Architecture) -> str:
    """Returns the link that opens a design on the Design page of a server; raises DesignError where there is none.

    >>> from cnnviz.presets import PRESETS
    >>> share_link("http://localhost:8501/", PRESETS["lab-convnet"].architecture)[:30]
    'http://localhost:8501/?design='
    """
    parts = urlsplit(server)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise DesignError(f"{server[:80]!r} is no address of a server; write it as http://localhost:8501.")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/?{DESIGN_PARAM}={to_token(architecture)}"


def from_token(token: str) -> Architecture:
    """Returns the design in a token; raises DesignError with the reason where it holds none."""
    token = token.strip()
    if len(token) > MAX_TOKEN_LENGTH:
        raise DesignError(
            f"This link is {len(token):,} characters long; links of designs have at most {MAX_TOKEN_LENGTH:,}."
        )
    if not token.startswith(VERSION):
        raise DesignError("This link is not one of this version of cnnviz, or its beginning is missing. " + _COPY_AGAIN)
    try:
        data = base64.b64decode(_add_base64_padding(token[1:]), altchars=b"-_", validate=True)
    except ValueError:  # characters that are not base64
        raise DesignError(_DAMAGED_LINK) from None
    packed, checksum = data[:-CHECKSUM_BYTES], data[-CHECKSUM_BYTES:]
    if _base64url(data) != token[1:] or checksum != _checksum(packed):  # the first finds bits that base64 ignores
        raise DesignError(_DAMAGED_LINK)
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS, zdict=ZLIB_DICTIONARY)
    try:
        text = unpacker.decompress(packed, MAX_JSON_LENGTH + 1)
    except zlib.error:
        raise DesignError(_DAMAGED_LINK) from None
    return Architecture.from_json(text)  # which refuses what is too long


_COPY_AGAIN = "Copy the whole link again."
_DAMAGED_LINK = f"This link is damaged: characters are missing or changed. {_COPY_AGAIN}"


def _to_plain_json(value: object) -> object:
    """Returns a layer, or the value of a field, as JSON types; fields at their defaults are left out."""
    if isinstance(value, Layer):
        fields = {name: info for name, info in type(value).model_fields.items() if name != "kind"}
        non_default = {
            name: getattr(value, name) for name, info in fields.items() if getattr(value, name) != info.default
        }
        return {"kind": value.kind} | {name: _to_plain_json(field) for name, field in non_default.items()}
    return [_to_plain_json(item) for item in value] if isinstance(value, tuple) else value


def _checksum(packed: bytes) -> bytes:
    return zlib.crc32(packed).to_bytes(CHECKSUM_BYTES, "big")


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _add_base64_padding(text: str) -> bytes:
    return text.encode("ascii") + b"=" * (-len(text) % 4)


ZLIB_DICTIONARY = b"""
"eps":"momentum":"affine":"track_running_stats":"elementwise_affine":"normalized_shape":"num_groups":"num_parameters":
"init":"negative_slope":"alpha":"beta":"threshold":"min_val":"max_val":"approximate":"norm_type":"ceil_mode":"dim":
"count_include_pad":"output_padding":"start_dim":"end_dim":"padding_mode":"groups":"dilation":"projection":false,true,
null,"reflect""replicate""circular""same""valid""tanh"AdaptiveMaxPool3dAdaptiveMaxPool1dAlphaDropoutInstanceNorm3d
InstanceNorm1dLPPool3dLPPool1dSoftplusSoftsignLogSigmoidHardsigmoidHardswishHardtanhMishSELUCELUGELUSiLUPReLU6
LeakyReLUTanhSigmoidSoftmaxGroupNormLayerNormConvTranspose3dConvTranspose1d"kind":"ConvTranspose2d",AvgPool3d
MaxPool1d"},{"kind":"BatchNorm1dBatchNorm3d{"kind":"Conv3dDropout1dDropout3d"kind":"Dropout2d","p":0.2},
{"kind":"Dropout"},{"kind":"AvgPool2d","kernel_size":2,"output_size":1},{"kind":"Residual","layers":[{"kind":"Conv1d",
"branches":[[{"kind":"Conv2d","out_channels":1024,"kernel_size":1}],[{"kind":"AdaptiveAvgPool2d","output_size":7},
"kernel_size":11,"stride":4,"padding":2},{"kind":"Flatten"},{"kind":"Linear","out_features":4096},{"kind":"ReLU"},
{"kind":"LogSoftmax"}]}{"input_shape":[3,224,224],"layers":[{"kind":"Conv2d","out_channels":16,"kernel_size":5,
"stride":2,"padding":1,"bias":false},{"kind":"BatchNorm2d"},{"kind":"ReLU"},{"kind":"MaxPool2d","kernel_size":3,
"stride":2},{"kind":"Conv2d","out_channels":64,"kernel_size":3,"padding":1},{"kind":"ReLU"},{"kind":"Conv2d",
"out_channels":128,"kernel_size":3,"padding":1},{"kind":"ReLU"},{"kind":"MaxPool2d","kernel_size":2},{"kind":"Conv2d",
"out_channels":""".replace(b"\n", b"")
"""Text that deflate may refer to, the most frequent last; links of this VERSION need it to the letter."""
