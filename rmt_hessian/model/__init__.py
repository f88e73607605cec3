"""What is simulated: inputs, networks, losses, training."""
