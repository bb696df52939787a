"""What is recorded beside the metrics: context, system metrics and the console."""
