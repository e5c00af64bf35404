"""Tenants that operators added; those of the policy file are not stored."""

from collections.abc import Collection, Mapping

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from pbf.store.database import Database
from pbf.store.identity.tables import Tenant


class TenantRows:
    """The tenants that operators added."""

    def __init__(self, database: Database) -> None:
        """Keep the tenants in a database."""
        self._database = database

    def add(self, tenant_id: str, *, name: str, group_id: str, policy: str, now: float) -> bool:
        """Store a new tenant; False if its id or its group is taken."""
        tenant = Tenant(
            id=tenant_id,
            name=name,
            group_id=group_id,
            policy=policy,
            created_at=now,
        )
        try:
            with self._database.session() as session:
                session.add(tenant)
        except IntegrityError:
            return False
        return True

    def add_all(self, names: Mapping[str, str], *, now: float) -> None:
        """Store a tenant without a policy for each group, under the names of the groups."""
        with self._database.session() as session:
            session.add_all(
                Tenant(
                    id=name.lower(),
                    name=name.replace("_", " "),
                    group_id=group_id,
                    policy="",
                    created_at=now,
                )
                for group_id, name in names.items()
            )

    def remove_all(self, group_ids: Collection[str]) -> None:
        """Remove the tenants of groups for good."""
        with self._database.session() as session:
            session.execute(delete(Tenant).where(Tenant.group_id.in_(group_ids)))

    def listed(self) -> list[Tenant]:
        """Return all tenants by id, also disabled ones."""
        with self._database.reading() as session:
            return list(session.scalars(select(Tenant).order_by(Tenant.id)))

    def active(self) -> list[Tenant]:
        """Return the tenants by id, without disabled ones."""
        return [tenant for tenant in self.listed() if tenant.disabled_at is None]

    def change(self, tenant_id: str, *, name: str, policy: str) -> bool:
        """Change a tenant's name and policy; False if there is none with that id."""
        return self._write(tenant_id, name=name, policy=policy)

    def disable(self, tenant_id: str, now: float) -> bool:
        """Let nobody act for a tenant; False if there is none with that id."""
        return self._write(tenant_id, disabled_at=now)

    def enable(self, tenant_id: str) -> bool:
        """Undo `disable`; False if there is no tenant with that id."""
        return self._write(tenant_id, disabled_at=None)

    def _write(self, tenant_id: str, **values: object) -> bool:
        statement = update(Tenant).where(Tenant.id == tenant_id).values(**values)
        with self._database.session() as session:
            return session.execute(statement.returning(Tenant.id)).first() is not None
