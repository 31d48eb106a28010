"""`django-admin prepare`: makes the tables and the rows of an empty database."""

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from bench_app import rows
from bench_app.models import Product, Supplier


class Command(BaseCommand):
    """Fills an empty database, and refuses any other."""

    help = __doc__ or ""
    requires_system_checks = ()  # they would import all views, and what only some scenarios need

    def handle(self, *args: object, **options: object) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        if Supplier.objects.exists():
            raise CommandError("this database has rows already")
        Supplier.objects.bulk_create(Supplier(**rows.supplier(number)) for number in range(1, rows.SUPPLIERS + 1))
        Product.objects.bulk_create(
            Product(**rows.product(number), supplier_id=rows.supplier_of(number))
            for number in range(1, rows.PRODUCTS + 1)
        )
