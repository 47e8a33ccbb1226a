"""What the shop keeps in its database."""

from django.db import models


class Order(models.Model):
    """An order, and the task that ships it."""

    item = models.CharField(max_length=100)
    is_shipped = models.BooleanField(default=False)
    task = models.CharField(max_length=64, default="")
