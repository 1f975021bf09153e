"""Tools that show runs: TensorBoard, Weights & Biases, Trackio. One file each, one line in table.py."""
