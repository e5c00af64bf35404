"""Access rules: of which tenants someone who signs in becomes a member, and with which role."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pbf.identity.claims import Claims
from pbf.rules.access.permissions import Role

# The claims that count only if the provider has verified the e-mail address, or is trusted to.
EMAIL, EMAIL_DOMAIN = "email", "email_domain"


@dataclass(frozen=True)
class AccessRule:
    """Makes someone a member of a tenant if a claim is a text, or lists one.

    Either `equals` or `contains` is set. A name with dots also finds a claim within maps, such as
    `realm_access.roles`. `trust_email` is whether the provider's e-mail addresses count although
    it does not call them verified.
    """

    provider: str
    claim: str
    tenant: str
    role: Role
    equals: str | None = None
    contains: str | None = None
    trust_email: bool = False

    def matches(self, claims: Claims) -> bool:
        """Return whether the rule applies to someone."""
        if claims.provider != self.provider:
            return False
        if self.claim in (EMAIL, EMAIL_DOMAIN):
            return self._matches_email(claims)
        values = list(_values(claims.all, self.claim))
        if self.equals is not None:
            return self.equals in values
        lists = (value if isinstance(value, list | tuple) else [value] for value in values)
        return any(self.contains in texts for texts in lists)

    def _matches_email(self, claims: Claims) -> bool:
        """Compare an address or its domain, in which A to Z equal a to z."""
        if not (claims.email_verified or self.trust_email) or claims.email.count("@") != 1:
            return False
        text = claims.email if self.claim == EMAIL else claims.email.partition("@")[2]
        expected = self.contains if self.equals is None else self.equals
        return bool(text) and comparable_address(text) == comparable_address(expected or "")


def memberships(claims: Claims, rules: Sequence[AccessRule]) -> dict[str, Role]:
    """Return the role in each tenant that someone may enter.

    In each tenant, the first rule that matches sets the role.
    """
    roles: dict[str, Role] = {}
    for rule in rules:
        if rule.tenant not in roles and rule.matches(claims):
            roles[rule.tenant] = rule.role
    return roles


def comparable_address(text: str) -> str:
    """Return the form in which addresses are compared.

    Unicode's own rules would make different domains equal, such as those with "ß" and "ss".
    """
    return text.lower() if text.isascii() else text


def _values(claims: object, name: str) -> Iterator[object]:
    """Yield the claim of a name, and what the parts of the name lead to through maps."""
    if not isinstance(claims, Mapping):
        return
    if name in claims:
        yield claims[name]
    for index, character in enumerate(name):
        if character == ".":
            yield from _values(claims.get(name[:index]), name[index + 1 :])
