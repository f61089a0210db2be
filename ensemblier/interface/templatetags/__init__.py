"""Les balises de gabarit : `{% load ensemblier %}`."""
