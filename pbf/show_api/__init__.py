"""What Show API shows: the recorded calls of a session, each operation, and snippets of it.

No screens and no Fivetran client; the transport reports its calls to `exchanges`.
"""
