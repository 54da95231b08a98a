"""How much memory there is, and how much a command will take: told before the work begins."""
