"""The fields in which a service takes its permanent name.

The table is for services whose metadata does not name them. Source: the `schema_format_*` parts
of Fivetran's OpenAPI definition; any service not listed here takes `schema`.
"""

from collections.abc import Collection

FIELDS_BY_KIND = {
    "schema": ("schema",),
    "schema_table": ("schema", "table"),
    "schema_prefix": ("schema_prefix",),
    "schema_table_group": ("schema", "table_group_name"),
}
NAMING_FIELDS = frozenset(field for fields in FIELDS_BY_KIND.values() for field in fields)

SCHEMA_TABLE = """
adroll akamai akeneo algolia amazon_dsp assembled aws_cost_report brave_ads buzzsprout
canvas_data_2_by_instructure chargebee_product_catalog_2 chargedesk cloudflare_analytics clubspeed
criteo_retail_media destini double_click_campaign_manager double_click_publishers dropbox_sign
duoplane eventsforce everflow forj_community freshdesk_contact_center freshsuccess
google_classroom google_display_and_video_360 google_sheets grin happyfox jama_software jibble
justcall kinesis learnupon livechat_partner looker_source mixmax mixpanel navan open_data_dc
paddle referralhero reviewsai revops rollbar safebase shiphero sistrix slack sugarcrm teamtailor
tive webhooks wherefour wordpress workleap_officevibe
"""

SCHEMA_PREFIX = """
airtable aurora aurora_postgres azure_cosmos_for_mongo azure_postgres azure_sql_db
azure_sql_managed_db bigquery_db cockroachdb cosmos databricks_db db2i_hva db2i_sap_hva db2luw
db2z documentdb epic_clarity google_cloud_mysql google_cloud_postgresql google_cloud_sqlserver
heroku_postgres magento_mysql magento_mysql_rds maria maria_azure maria_rds mongo mongo_sharded
mysql mysql_azure mysql_rds oracle oracle_business_intelligence_publisher oracle_ebs
oracle_fusion_cloud_apps_crm oracle_fusion_cloud_apps_fscm oracle_fusion_cloud_apps_hcm oracle_hva
oracle_rac oracle_rds oracle_sap_hva postgres postgres_rds sap_hana_db snowflake_db sql_server
sql_server_hva sql_server_rds sql_server_sap_ecc_hva
"""

SCHEMA_TABLE_GROUP = """
azure_blob_storage box dropbox email ftp gcs google_drive guidewire_cloud_data_access s3
s3_compatible_storage sftp share_point workday
"""

KIND_BY_SERVICE = {
    service_id: kind
    for kind, services in (
        ("schema_table", SCHEMA_TABLE),
        ("schema_prefix", SCHEMA_PREFIX),
        ("schema_table_group", SCHEMA_TABLE_GROUP),
    )
    for service_id in services.split()
}


def fields(service_id: str, required: Collection[str] = ()) -> tuple[str, ...]:
    """Return the naming fields of a service: those its metadata requires, else by its kind."""
    named = tuple(sorted(NAMING_FIELDS.intersection(required)))
    return named or FIELDS_BY_KIND[KIND_BY_SERVICE.get(service_id, "schema")]
