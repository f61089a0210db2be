"""Ce qui a été fait de l'argent : bilan, compte rendu financier, solde, reversement."""
