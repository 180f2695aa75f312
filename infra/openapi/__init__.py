"""The description of the HTTP interface in OpenAPI 3.1: what each surface declares, and the document made from it."""
