"""What can be counted of the code itself: lines, functions, folders, and who imports whom."""
