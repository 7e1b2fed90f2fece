"""The net, trained or not, as an ONNX file, written by torch's own exporter in a process of its own.

support.py  layers that the exporter cannot write
samples.py  what a file says of the samples of a trained net
request.py  to_onnx(): the server's side, with its limits
writer.py   `python -m cnnviz.onnx_export.writer`: the process; the only module that imports onnx

Which exporter, and why a process: docs/adr/0004-onnx.md.
"""

from cnnviz.onnx_export.request import to_onnx

__all__ = ["to_onnx"]
