"""What acts: the compiled network, a torch module, or a plain vector, with the observation statistics they saw."""
