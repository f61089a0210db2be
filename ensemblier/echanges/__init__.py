"""Les échanges avec les autres maisons : dépôts par financeur, remises, formats étrangers."""
