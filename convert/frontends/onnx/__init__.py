"""ONNX files, and so PyTorch's: read on the ``onnx`` package alone, made layers of frontends/graph."""
