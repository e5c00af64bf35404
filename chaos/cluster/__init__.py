"""Several processes of the product on PostgreSQL and Redis behind nginx, while parts of it fail."""
