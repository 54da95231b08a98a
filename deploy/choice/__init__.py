"""A network chosen by what it may lose of the original's accuracy, or by what it may cost."""
