"""Files and configurations as either Keras saves them."""
