"""The path of PBF_PUBLIC_URL: removed from requests, whether a proxy kept it, and added again."""
