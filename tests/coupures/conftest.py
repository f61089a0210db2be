"""Les photographies de la base sont celles de SQLite : la matrice ne se rejoue pas sur une autre."""

from django.conf import settings

collect_ignore = [] if "sqlite" in settings.DATABASES["default"]["ENGINE"] else ["test_matrice.py"]
