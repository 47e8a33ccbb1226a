"""Django wants its settings before anything of it is used."""

from __future__ import annotations

import django
from django.conf import settings

settings.configure(
    USE_TZ=True,
    INSTALLED_APPS=["floruntime.django"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    TASKS={"default": {"BACKEND": "floruntime.django.FloBackend"}},
)
django.setup()
