"""docs/columns.md is the catalog's page."""

from __future__ import annotations

from infra import columns_page


def test_the_page_is_up_to_date() -> None:
    """The page is what `python -m infra.columns_page` makes: run it after a change of the catalog or of rules."""
    assert columns_page.PAGE.read_text("utf-8") == columns_page.page()
