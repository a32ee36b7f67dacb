"""The desk over HTTP: what a browser may ask for and send."""

from presight.review.api.app import Desk, make_app

__all__ = ["Desk", "make_app"]
