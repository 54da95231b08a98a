"""Whether the files of a bundle, its runs and its reports belong together."""
