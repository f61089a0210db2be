"""Ce qui s'est passé et ce qui est parti : événements chaînés, fichiers, courriels, travaux ; `avancer`."""
