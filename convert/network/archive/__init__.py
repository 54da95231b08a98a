"""A network in one .npz file: a description in JSON, checked when it is read, and float32 arrays by number."""
