"""What a data directory of history has in it, a module per primitive.

`prepare` may move the clock; `leave` may not, so what it leaves under way is under way when the
directory is opened. It answers what the tests need to know and cannot ask.
"""
