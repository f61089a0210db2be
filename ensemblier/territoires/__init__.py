"""Où : EPCI, communes, quartiers et contours, contrat, piliers, thématiques, financeurs, contacts."""
