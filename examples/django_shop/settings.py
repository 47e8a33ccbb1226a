"""The project's settings. FLO_URL says where the server is, else it is on localhost:9000."""

import os
import sys

SECRET_KEY = "only an example"
DEBUG = True
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["shop", "floruntime.django"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("SHOP_DATABASE", "shop.sqlite3"),
        "TEST": {"NAME": os.environ.get("SHOP_DATABASE", "shop.sqlite3") + ".test"},
    }
}

IS_TEST = sys.argv[1:2] == ["test"]
TASKS = {
    "default": {
        "BACKEND": "floruntime.django.FloBackend",
        "OPTIONS": {
            "endpoint": "memory://" if IS_TEST else os.environ.get("FLO_URL", "localhost:9000"),
            "enqueue_on_commit": True,
        },
    }
}
