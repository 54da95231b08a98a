"""Operations on tensors, which Keras saves beside layers: the layers that do the same."""
