"""The rules that no source confirms, each a switch.

Where Fivetran's documents, definition and clients are silent the sandbox must still answer
something; what it answers stands here, so that a better-informed reader can change it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Assumptions:
    """What the sandbox does where nobody outside Fivetran knows what Fivetran does."""

    auth_failed_code: str = "AuthFailed"
    """The `code` of a 401; only its message is known."""

    bad_paging_code: str = "InvalidInput"
    """The `code` for a limit outside 1..1000 or a cursor that cannot be read."""

    invalid_name_message: str = (
        "Invalid '{field}' value '{value}': "
        "use only a-z, 0-9 and '_', and do not start with a digit"
    )
    """The message for a name that breaks Fivetran's rule on names."""

    longest_name: int = 255
    """How many characters a naming field may have."""

    duplicate_name_status: int = 400
    """The status when a name is taken in its group (409 is the other candidate)."""

    duplicate_name_code: str = "InvalidInput"
    """The `code` that goes with it."""

    duplicate_name_message: str = "Connection with schema '{schema}' already exists in the group"
    """The message that goes with it."""

    immutable_field_message: str = "Field '{field}' can not be changed after creation"
    """The message for an update that touches a naming field."""

    sync_of_incomplete_status: int = 400
    """The status for a sync asked of a connection that never passed its setup tests."""

    sync_of_paused_status: int = 409
    """The status for a sync asked of a paused connection; 200 accepts it and does nothing."""

    paused_state_change_status: int = 400
    """The status for changing the state of a connection that is not paused and not syncing."""

    locked_change_status: int = 400
    """The status for leaving out a table or column that must be synced, or the other way round."""

    no_schema_config_status: int = 400
    """The status for reloading or creating schemas of a service whose files become tables."""

    schema_exists_status: int = 409
    """The status for creating a schema configuration where there is one already."""

    enabled_required: bool = False
    """Whether what a change of a schema configuration names must say if it is enabled, unless it
    names something below; otherwise it must say anything at all."""

    history_window_seconds: int = 3600
    """How far a sync history goes back that names no start."""

    longest_history_seconds: int = 7 * 24 * 3600
    """The longest stretch of time that a sync history may ask for."""

    history_begins_with_latest: bool = True
    """Whether a sync history lists the latest sync first."""

    interrupted_sync_status: str = "RESCHEDULED"
    """The `status`, in a sync history, of a sync that a pause or a forced sync cut short."""

    running_sync_status: str = "SYNCING"
    """The `status` of a sync that has no end yet, in a sync history."""

    queued_sync_status: str = "QUEUED"
    """The `status` of a sync that has not started yet: its `start` is null."""

    card_lifetime_seconds: int = 24 * 3600
    """How long a Connect Card link lives ("one day"); it may be opened again until then."""

    group_name_pattern: str = r"[A-Za-z_][A-Za-z0-9_]*"
    """What the name of a group looks like."""

    invalid_group_name_message: str = (
        "Invalid group name '{name}': "
        "use only letters, digits and '_', and do not start with a digit"
    )
    """The message for a group's name that breaks that rule."""

    group_delete_with_connections_status: int = 409
    """The status for deleting a group that still has connections."""

    destination_with_each_group: bool = True
    """Whether a new group comes with a connected destination, so that its connections can sync.

    Creating the group's destination replaces it.
    """

    second_destination_status: int = 409
    """The status for creating a destination where the group has one already."""

    member_again_status: int = 409
    """The status for adding somebody to a group who is in it, or inviting a user's address."""

    own_user_delete_status: int = 403
    """The status for deleting the user that the API key belongs to."""

    webhook_signature_upper_case: bool = True
    """Whether the signature's hexadecimal digits are in upper case; receivers met both."""

    webhook_timeout_seconds: float = 10.0
    """How long a webhook may take to answer."""

    webhook_retry_step_seconds: float = 300.0
    """By how much the wait grows before each next try (an older document's schedule)."""

    webhook_patience_seconds: float = 24 * 3600.0
    """How long a webhook may fail before it is disabled (an older document's rule)."""

    rate_limit_message: str = "No more than {most} {kind} can be made {period}"
    """The message of a 429; `{period}` is "hourly" or "in one minute"."""

    refused_requests_count: bool = False
    """Whether requests that a rate limit refuses use it up, too."""
