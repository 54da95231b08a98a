"""The network: populations, the projections between them, readouts; all frozen, typed and readable without Keras."""
