"""Flo in a Django project: a backend for `django.tasks`, and `manage.py flo_worker`.

    INSTALLED_APPS = [..., "floruntime.django"]
    TASKS = {
        "default": {
            "BACKEND": "floruntime.django.FloBackend",
            "OPTIONS": {"endpoint": "localhost:9000", "enqueue_on_commit": True},
        }
    }

Tasks are written as Django has them (`@task`, `enqueue`, `get_result`). With Django 5.2 they come
from the package django-tasks, with Django 6.0 and later from Django itself.
"""

from floruntime.django.backend import FloBackend
from floruntime.django.execution import FloTaskContext
from floruntime.django.results import TaskLostError, TaskStoppedError

__all__ = ["FloBackend", "FloTaskContext", "TaskLostError", "TaskStoppedError"]
