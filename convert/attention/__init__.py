"""Attention that is frozen: a model whose masks depend on the image becomes one whose masks are fixed."""
