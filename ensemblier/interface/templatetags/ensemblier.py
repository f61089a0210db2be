"""Les composants et les formats de la maison, dans tous les gabarits."""

from django import template

register = template.Library()
