"""The rows of an empty shop, always the same, and what answers say of them. Imports nothing but the standard library,
so that scenarios can tell what a right answer is.
"""

SUPPLIERS, PRODUCTS, CATEGORIES = 20, 1000, 50
"""Each category has 20 products; numbers begin with 1."""


def supplier(number: int) -> dict[str, object]:
    return {"id": number, "name": f"Supplier {number}", "city": f"City {number * 7 % 10}"}


def product(number: int) -> dict[str, object]:
    """A product without its supplier."""
    return {
        "id": number,
        "name": f"Product {number}",
        "category": number % CATEGORIES,
        "price_cents": number * 7919 % 10_000 + 99,
    }


def supplier_of(number: int) -> int:
    """The number of a product's supplier."""
    return number * 3 % SUPPLIERS + 1
