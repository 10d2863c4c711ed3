"""What the platform costs: counted operations times a dated list of prices."""
