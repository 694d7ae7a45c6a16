"""The record: models, migrations, seed and the queries that several rooms share."""
