"""Where on the board each chip stands, and what its links carry."""
