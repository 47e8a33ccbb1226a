"""JSONPath (RFC 9535) as text: `tree.py` says what a query is made of, `parser.py` reads one."""
