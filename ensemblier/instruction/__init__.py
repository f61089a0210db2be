"""Est-ce recevable, qu'en pensent les partenaires : complétude, avis, critères."""
