"""Its tests: `manage.py test`. The server is in this process (`memory://`), so they need none."""

from django.core.management import call_command
from django.db import transaction
from django.test import TransactionTestCase
from shop.models import Order
from shop.tasks import ship


class ShopTest(TransactionTestCase):
    """Orders by the pages."""

    def test_an_order_is_shipped(self) -> None:
        answer = self.client.post("/orders", {"item": "lamp"})
        page = f"/orders/{answer.json()['order']}"
        self.assertEqual(self.client.get(page).json()["status"], "READY")
        call_command("flo_worker", batch=True)
        self.assertEqual(
            self.client.get(page).json(),
            {"status": "SUCCESSFUL", "told": "lamp is on its way", "shipped": True},
        )

    def test_an_order_that_is_not_kept_is_not_shipped(self) -> None:
        actions = ship.get_backend().client.action
        before = actions.list_runs()
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            ship.enqueue(Order.objects.create(item="desk").pk)
            raise ZeroDivisionError
        self.assertEqual(actions.list_runs(), before)
