"""Images to what a simulated event sensor would see of them."""
