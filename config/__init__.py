"""Les réglages, et les trois listes qui voient toutes les pièces : urls, rythme, cli."""
