"""Sign-in that others vouch for, without OpenID Connect: the vendor's application and proxies."""
