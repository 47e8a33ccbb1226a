"""What is done beside the pages."""

from shop.models import Order

try:
    from django.tasks import task
except ImportError:  # before Django 6.0
    from django_tasks import task


@task(takes_context=True)
def ship(context, number: int) -> str:
    """Ship an order; the result, and the event in Flo, are one commit."""
    order = Order.objects.get(pk=number)
    order.is_shipped = True
    order.save()
    context.flo.batch().stream.append("shipped", {"order": number, "item": order.item})
    return f"{order.item} is on its way"
