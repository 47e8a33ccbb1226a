"""What every rule stands on: typed tables over ordered keys, transactions, cursors, documents."""
