"""The desk over HTTP: what a browser may ask for and send."""

from presight.review.api.app import Desk, make_app
from presight.review.api.hospital import HospitalLogin

__all__ = ["Desk", "HospitalLogin", "make_app"]
