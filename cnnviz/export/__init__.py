"""The net, trained or not, as an ONNX file, written by torch's own exporter in a process of its own.

support.py  what that exporter cannot write
request.py  to_onnx(): the server's side, with its bounds
writer.py   `python -m cnnviz.export.writer`: the process; alone in knowing onnx

Which exporter, and why a process: docs/adr/0004-onnx.md.
"""

from cnnviz.export.request import to_onnx

__all__ = ["to_onnx"]
