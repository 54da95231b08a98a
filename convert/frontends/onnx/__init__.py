"""ONNX files, and so PyTorch's: read on the ``onnx`` package alone, made a model of layers that frontends/keras takes."""
