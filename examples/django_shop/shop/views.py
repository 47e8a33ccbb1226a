"""Its pages: order something, and see what became of it."""

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt
from shop.models import Order
from shop.tasks import ship


@csrf_exempt
def orders(request: HttpRequest) -> JsonResponse:
    """Keep an order, and have it shipped if it is kept."""
    with transaction.atomic():
        order = Order.objects.create(item=request.POST["item"])
        order.task = ship.enqueue(order.pk).id  # sent when this block has been committed
        order.save()
    return JsonResponse({"order": order.pk}, status=201)


def order(request: HttpRequest, number: int) -> JsonResponse:
    """What became of it."""
    order = get_object_or_404(Order, pk=number)
    result = ship.get_result(order.task)
    told = result.return_value if result.is_finished else None
    return JsonResponse({"status": result.status, "told": told, "shipped": order.is_shipped})
