"""What a server takes and how soon it answers, on each kind of stores, as what they hold grows."""
