"""The database of the pages: Flask-SQLAlchemy's session over the plain models of `sql.models`."""

from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()
