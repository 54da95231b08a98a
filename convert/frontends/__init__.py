"""Model files of other tools -> what ``convert.lowering`` takes."""
