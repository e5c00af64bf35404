"""How long the database keeps rows that are over, in seconds.

The audit log is kept for good; PBF_HISTORY_DAYS says how long syncs and closed incidents are kept.
"""

DAY = 24 * 3600.0
ENDED_SESSIONS = DAY
# So long they stay listed with how they ended.
ENDED_API_TOKENS = 30 * DAY
ENDED_INVITATIONS = 30 * DAY
ENDED_COLLEAGUE_LINKS = 30 * DAY
NOTIFICATIONS = 90 * DAY
PAST_CHANGES = 90 * DAY
# How long the same key leads to the same connector.
CREATIONS = 7 * DAY
# Longer than any link of which a token can be used once.
USED_TOKENS = 2 * DAY
# So long an event has no effect a second time; an older one is refused as a replay. Fivetran itself
# repeats a delivery for a day.
RECEIVED_EVENTS = 30 * DAY
