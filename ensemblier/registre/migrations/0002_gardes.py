from django.db import migrations

from ensemblier.registre import gardes


class Migration(migrations.Migration):
    dependencies = [("registre", "0001_initiale")]

    operations = [
        migrations.RunPython(
            lambda apps, editeur: gardes.poser(editeur.connection),
            lambda apps, editeur: gardes.lever(editeur.connection),
        )
    ]
