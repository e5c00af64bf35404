"""Roles, and what each may do."""

from enum import StrEnum


class Role(StrEnum):
    """The roles of people and tokens, each with all rights of those before it."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"
    OPERATOR = "operator"

    @property
    def rank(self) -> int:
        """The place of the role among all, from 0; a higher role has more rights."""
        return list(Role).index(self)


class Permission(StrEnum):
    """What a role may or may not do."""

    VIEW = "view"
    CHANGE = "change connectors"
    DELETE_NOW = "delete a connector at once"
    EXPORT_AUDIT = "export the audit log"
    MANAGE_PEOPLE = "manage people"
    CREATE_SIGN_IN_LINKS = "create sign-in links"
    MANAGE_NOTIFICATIONS = "manage promises and notifications"
    PLAY_STORIES = "play stories"
    MANAGE_TENANTS = "manage tenants"


LOWEST_ROLE = {
    Permission.VIEW: Role.VIEWER,
    Permission.CHANGE: Role.EDITOR,
    Permission.DELETE_NOW: Role.ADMIN,
    Permission.EXPORT_AUDIT: Role.ADMIN,
    Permission.MANAGE_PEOPLE: Role.ADMIN,
    Permission.CREATE_SIGN_IN_LINKS: Role.ADMIN,
    Permission.MANAGE_NOTIFICATIONS: Role.ADMIN,
    Permission.PLAY_STORIES: Role.ADMIN,
    Permission.MANAGE_TENANTS: Role.OPERATOR,
}


def allows(role: Role | None, permission: Permission) -> bool:
    """Return whether a role includes a permission; nobody's role, None, includes none."""
    return role is not None and role.rank >= LOWEST_ROLE[permission].rank


def refusal(role: Role | None, permission: Permission) -> str:
    """Return why a role may not do something, in a sentence."""
    lowest = LOWEST_ROLE[permission]
    have = f"Your role is {role}" if role else "You are not signed in"
    article = "an" if lowest[0] in "aeo" else "a"
    return f"{have}. Only {article} {lowest} may {permission}; ask one to do it."
