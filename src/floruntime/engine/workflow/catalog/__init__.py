"""The workflows there are: versions taken over by a sync, their schedules and triggers."""
