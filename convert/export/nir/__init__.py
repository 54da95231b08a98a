"""A network as a graph of NIR, and back from one that was written here."""
