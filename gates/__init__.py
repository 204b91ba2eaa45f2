"""What the house asks of itself: catalogues, generated pages, bill of materials, advisories; run by `./dev check`."""
