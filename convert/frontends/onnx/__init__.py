"""ONNX files, and so PyTorch's: read on the ``onnx`` package alone, made layers that frontends/keras takes."""
