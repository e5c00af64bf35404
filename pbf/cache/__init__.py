"""One answer for all sessions: what is kept, where and how; not what is asked for."""
