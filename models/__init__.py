"""One MONAI bundle per trained model."""
