"""What the page and the terminal say alike, and the terminal."""
