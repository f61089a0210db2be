"""Une commande de la console par module ; `config.cli.COMMANDES` dit où chacune vit."""
