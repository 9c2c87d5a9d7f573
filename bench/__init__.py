"""What is measured, and how: `make bench` or `python -m bench`. Read ratios within one run; machines are noisy."""
