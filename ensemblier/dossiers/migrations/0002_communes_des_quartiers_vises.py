"""Un quartier visé sans commune cachait le dossier à ses référents : il prend toutes les siennes."""

from django.db import migrations


def nommer_les_communes(apps, schema_editor):
    Ciblage = apps.get_model("dossiers", "Ciblage")
    for ciblage in Ciblage.objects.filter(communes=None).select_related("quartier").iterator():
        ciblage.communes.set(ciblage.quartier.communes.all())


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0001_initiale")]
    operations = [migrations.RunPython(nommer_les_communes, migrations.RunPython.noop)]
