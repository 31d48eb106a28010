"""What the versions of a check have of their own."""

from runners.contenders import AppWish


def test_versions_can_have_a_database_each() -> None:
    wish = AppWish(
        variables={"DATABASE_URL": "postgresql:///shop_{side}", "KEY": "a{b}c"},
        setup=["createdb shop_{side}", "python manage.py migrate"],
    )
    head = wish.of("head")
    assert head.variables == {"DATABASE_URL": "postgresql:///shop_head", "KEY": "a{b}c"}
    assert head.setup == ["createdb shop_head", "python manage.py migrate"]
    assert wish.of("base").variables["DATABASE_URL"] == "postgresql:///shop_base"
