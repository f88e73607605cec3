"""What is simulated: inputs, ReLU networks and losses."""
