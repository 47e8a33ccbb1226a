"""The base of all rules: typed tables over ordered keys, transactions, cursors, documents."""
