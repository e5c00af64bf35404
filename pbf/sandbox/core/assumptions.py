"""The rules that no source confirms, each a setting.

Where Fivetran's documents, definition and clients are silent, the sandbox must still answer. Its
answers are set here, so that somebody who knows better can change them.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Assumptions:
    """What the sandbox does where no source says what Fivetran does."""

    auth_failed_code: str = "AuthFailed"
    """The `code` of a 401; only its message is documented."""

    no_permission_code: str = "Forbidden"
    """The `code` of a 403 for a key that lacks a permission."""

    no_permission_message: str = "The API key has no permission for {method} {path}"
    """The message of that 403."""

    hidden_entities_are_missing: bool = True
    """Whether a group, destination or connection that a key may not see, while it may see others,
    answers 404 like a missing one; otherwise 403, as for a key that may see none."""

    expired_key_status: int = 401
    """The status for a system key that has expired."""

    system_keys_show_key: bool = True
    """Whether `key` is in the lists and details of system keys, as in the definition's examples;
    otherwise only in the responses to creation and rotation. The secret is in those alone."""

    plan: str = "business_critical"
    """The account's plan at the start: `free`, `standard`, `enterprise` or `business_critical`."""

    plan_message: str = "{feature} is not available on the plan of this account"
    """The message of the 403 for what the plan lacks. Below `enterprise`, that is the
    `data_delay_sensitivity` CUSTOM; no source says which other operations a plan refuses."""

    previews: bool = True
    """Whether the account takes part in private previews at the start: the errors of a
    connection."""

    preview_refused_status: int = 404
    """The status, 403 or 404, of a private preview for an account that does not take part."""

    own_role_change_status: int = 403
    """The status for changing or removing the role of the user who owns the API key."""

    bad_paging_code: str = "InvalidInput"
    """The `code` for a limit outside 1..1000 or a cursor that cannot be read."""

    large_limits_are_reduced: bool = False
    """Whether a limit above 1000 counts as 1000; otherwise it is refused."""

    invalid_name_message: str = (
        "Invalid '{field}' value '{value}': "
        "use only a-z, 0-9 and '_', and do not start with a digit"
    )
    """The message for a name that breaks Fivetran's naming rule."""

    longest_name: int = 255
    """The maximum length of a naming field."""

    duplicate_name_status: int = 400
    """The status when a name is taken in its group (409 is the other candidate)."""

    duplicate_name_code: str = "InvalidInput"
    """The `code` of that response."""

    duplicate_name_message: str = "Connection with schema '{schema}' already exists in the group"
    """The message of that response."""

    immutable_field_message: str = "Field '{field}' can not be changed after creation"
    """The message for an update that changes a naming field."""

    sync_of_incomplete_status: int = 400
    """The status for a sync of a connection that never passed its setup tests."""

    sync_of_paused_status: int = 409
    """The status for a sync of a paused connection; 200 accepts it and does nothing."""

    paused_state_change_status: int = 400
    """The status for changing the state of a connection that is not paused and not syncing."""

    locked_change_status: int = 400
    """The status for excluding a table or column that must be synced, or including one that
    cannot be."""

    no_schema_config_status: int = 400
    """The status for reloading or creating schemas of a service whose files become tables."""

    schema_exists_status: int = 409
    """The status for creating a schema configuration that already exists."""

    enabled_required: bool = False
    """Whether each item that a change of a schema configuration names must set `enabled`, unless
    it names items below it; otherwise it must set any field."""

    history_window_seconds: int = 3600
    """The length of a sync history without a start."""

    longest_history_seconds: int = 7 * 24 * 3600
    """The longest period of a sync history."""

    history_begins_with_latest: bool = True
    """Whether a sync history lists the latest sync first."""

    sync_history_refused_status: int = 0
    """The status with which a sync history is refused, 403 or 404, for accounts that have none; 0
    for accounts that have it."""

    history_has_queued_syncs: bool = True
    """Whether a sync history lists a sync that has not started."""

    history_has_volumes: bool = True
    """Whether a sync history has the volumes of the stages of each sync, in fields whose names are
    not published."""

    interrupted_sync_status: str = "RESCHEDULED"
    """The `status`, in a sync history, of a sync that a pause or a forced sync interrupted."""

    running_sync_status: str = "SYNCING"
    """The `status` of a running sync in a sync history."""

    queued_sync_status: str = "QUEUED"
    """The `status` of a sync that has not started yet; its `start` is null."""

    card_lifetime_seconds: int = 24 * 3600
    """How long a Connect Card link is valid ("one day"); it can be opened repeatedly."""

    group_name_pattern: str = r"[A-Za-z_][A-Za-z0-9_]*"
    """The pattern of a group's name."""

    invalid_group_name_message: str = (
        "Invalid group name '{name}': "
        "use only letters, digits and '_', and do not start with a digit"
    )
    """The message for a group's name that does not match it."""

    group_delete_with_connections_status: int = 409
    """The status for deleting a group that still has connections."""

    destination_with_each_group: bool = True
    """Whether a new group has a connected destination, so that its connections can sync.

    Creating the group's destination replaces it.
    """

    second_destination_status: int = 409
    """The status for creating a second destination in a group."""

    member_again_status: int = 409
    """The status for adding a user who is already in the group, or inviting an existing user."""

    own_user_delete_status: int = 403
    """The status for deleting the user who owns the API key."""

    test_without_body_is_refused: bool = False
    """Whether setup tests need a body. Fivetran's command line sends none; the mocks of its Go
    client refuse that."""

    webhook_signature_upper_case: bool = True
    """Whether the signature's hexadecimal digits are in upper case; receivers have seen both."""

    webhook_probe_is_signed: bool = True
    """Whether the probe at the creation of a webhook is signed as events are."""

    webhook_timeout_seconds: float = 10.0
    """How long a webhook may take to respond."""

    webhook_retry_step_seconds: float = 300.0
    """By how much the wait grows before each retry (from an older document)."""

    webhook_patience_seconds: float = 24 * 3600.0
    """How long a webhook may fail before it is disabled (from an older document)."""

    rate_limit_message: str = "No more than {most} {kind} can be made {period}"
    """The message of a 429; `{period}` is "hourly" or "in one minute"."""

    refused_requests_count: bool = False
    """Whether requests that a rate limit refuses count against it."""
