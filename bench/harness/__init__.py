"""What bench/run and bench/calls are made of."""
