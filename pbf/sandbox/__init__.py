"""An imitation of Fivetran's REST API and Connect Card, for work without an account."""
