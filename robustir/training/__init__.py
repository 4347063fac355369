"""What is learnt from data: lexicons, noise rates, calibrated severities. Each is a module with a command of its own."""
