"""WHO: organisations as a tree, accounts with roles, recusal, who is told, and the secrets people sign in with."""
