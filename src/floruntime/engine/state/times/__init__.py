"""Cron expressions and time zones, as text; workflows and actions have schedules."""
