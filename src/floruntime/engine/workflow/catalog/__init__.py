"""The workflows of a namespace: their synced versions, schedules and triggers."""
