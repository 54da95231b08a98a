"""What linear paths connect, told from the settings of their layers."""
