"""The Visual Interface: a page of static files, which `infra/console` builds."""
