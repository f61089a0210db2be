"""Le jour où le silence vaut rejet (B14), calculé pour les dossiers déjà déposés."""

from django.db import migrations, models

from ensemblier.noyau.calendrier import rejet_implicite


def calculer(apps, schema_editor):
    Dossier = apps.get_model("dossiers", "Dossier")
    ouverts = Dossier.objects.filter(depose_le__isnull=False, etat__in=("depose", "a_completer", "recevable"))
    for dossier in ouverts.prefetch_related("suspensions").only("depose_le"):
        arrets = [(s.du, s.au) for s in dossier.suspensions.all()]
        Dossier.objects.filter(pk=dossier.pk).update(rejet_le=rejet_implicite(dossier.depose_le, arrets))


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0014_echeance_de_la_suspension")]

    operations = [
        migrations.AddField("dossier", "rejet_le", models.DateField(db_index=True, null=True)),
        migrations.RunPython(calculer, migrations.RunPython.noop, elidable=True),
    ]
