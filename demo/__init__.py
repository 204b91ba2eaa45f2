"""The demo office: its people, its invented matters, and their lives, told as stories."""
