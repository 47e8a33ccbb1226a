"""The table of orders."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """As `manage.py makemigrations` made it."""

    initial = True
    dependencies: list[tuple[str, str]] = []
    operations = [
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigAutoField(primary_key=True)),
                ("item", models.CharField(max_length=100)),
                ("is_shipped", models.BooleanField(default=False)),
                ("task", models.CharField(default="", max_length=64)),
            ],
        ),
    ]
