"""What users see: the commands, the examples, other programs that call ours."""
