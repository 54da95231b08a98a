"""Network in, neurons on cores and chips out."""
