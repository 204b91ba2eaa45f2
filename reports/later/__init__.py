"""Reports that take long: asked for once, made by the timers, kept until they are old."""
