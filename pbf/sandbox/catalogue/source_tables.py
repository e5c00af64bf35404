"""The tables of the imitated sources by kind of source, one a line.

A line is the table's name, a colon, and its columns; key columns end with `*`. Every source of a
kind has the tables of the first block and some of the second.
"""

COMMON = """
user: id* email first_name last_name role is_active created_at updated_at
tag: id* name color created_at
"""

BY_TYPE = {
    "Sales": (
        """
        account: id* name industry website phone billing_city billing_country owner_id created_at
        contact: id* account_id first_name last_name email phone title owner_id created_at
        opportunity: id* account_id name amount currency stage probability close_date owner_id
        lead: id* first_name last_name company email status source owner_id created_at
        """,
        """
        task: id* subject status priority due_date owner_id contact_id
        event: id* subject location starts_at ends_at owner_id
        note: id* parent_id body author_id created_at
        product: id* name code price currency is_active
        pipeline: id* name position is_default
        pipeline_stage: id* pipeline_id* name position probability
        quote: id* opportunity_id number total currency expires_at
        campaign: id* name type status budget starts_at ends_at
        """,
    ),
    "Marketing": (
        """
        campaign: id* name status objective daily_budget currency starts_at ends_at
        campaign_report: campaign_id* date* impressions clicks cost conversions
        audience: id* name size source created_at
        """,
        """
        ad_group: id* campaign_id name status bid
        ad: id* ad_group_id name headline final_url status
        ad_report: ad_id* date* impressions clicks cost conversions
        contact: id* email first_name last_name country subscribed created_at
        contact_list: id* name member_count created_at
        email_event: id* contact_id campaign_id type occurred_at
        landing_page: id* title url visits published_at
        form_submission: id* form_id email submitted_at
        keyword: id* ad_group_id text match_type status
        """,
    ),
    "Finance": (
        """
        customer: id* name email phone currency balance created_at
        invoice: id* customer_id number status total currency issued_on due_on
        invoice_line: id* invoice_id* product_id description quantity amount tax_code
        payment: id* invoice_id amount currency method paid_at
        """,
        """
        account: id* name code type currency is_active
        journal_entry: id* account_id posted_on debit credit memo
        credit_note: id* invoice_id total reason issued_on
        subscription: id* customer_id plan_id status started_at ended_at
        plan: id* name interval amount currency
        vendor: id* name email tax_number payment_terms
        bill: id* vendor_id number total currency due_on
        tax_rate: id* name percentage country
        """,
    ),
    "Support": (
        """
        ticket: id* subject status priority requester_id assignee_id channel created_at solved_at
        ticket_comment: id* ticket_id author_id body is_public created_at
        requester: id* name email phone organization_id locale created_at
        agent: id* name email team_id is_available
        """,
        """
        team: id* name timezone created_at
        organization: id* name domain created_at
        satisfaction_rating: id* ticket_id score comment created_at
        sla_policy: id* name first_reply_minutes resolution_minutes
        call: id* agent_id requester_id duration direction started_at
        survey_response: id* survey_id contact_email score comment submitted_at
        article: id* title locale author_id views published_at
        """,
    ),
    "HumanResources": (
        """
        employee: id* first_name last_name work_email personal_email birth_date hired_on status
        department: id* name parent_id head_id
        position: id* title department_id level is_open
        employment: employee_id* position_id* started_on ended_on manager_id
        """,
        """
        time_off: id* employee_id type starts_on ends_on status
        compensation: id* employee_id amount currency frequency effective_on
        candidate: id* first_name last_name email source applied_at
        application: id* candidate_id position_id stage status updated_at
        course: id* title category duration published_at
        course_completion: employee_id* course_id* score completed_at
        review: id* employee_id reviewer_id cycle rating submitted_at
        shift: id* employee_id starts_at ends_at location
        """,
    ),
    "Productivity": (
        """
        project: id* name status owner_id starts_on due_on created_at
        task: id* project_id title status assignee_id priority due_on completed_at
        comment: id* task_id author_id body created_at
        """,
        """
        workspace: id* name plan created_at
        document: id* project_id title author_id updated_at
        attachment: id* task_id file_name size url
        time_entry: id* task_id member_id minutes spent_on
        calendar_event: id* title organizer_email starts_at ends_at
        message: id* channel_id author_id text sent_at
        channel: id* name topic is_private
        order: id* number customer_email status total placed_at
        shipment: id* order_id carrier tracking_number shipped_at
        inventory_item: id* sku name quantity location
        """,
    ),
    "Engineering": (
        """
        project: id* key name lead_id created_at
        issue: id* project_id key summary status priority assignee_id created_at resolved_at
        issue_comment: id* issue_id author_id body created_at
        """,
        """
        repository: id* name default_branch is_private created_at
        commit: sha* repository_id author_email message committed_at
        pull_request: id* repository_id number title state author_id merged_at
        build: id* repository_id branch status duration started_at
        deployment: id* environment version status deployed_at
        incident: id* title severity status started_at resolved_at
        monitor: id* name query status muted
        sprint: id* board_id name state starts_at ends_at
        usage: date* service* requests bytes cost
        """,
    ),
    "Security": (
        """
        identity: id* email display_name status last_login_at mfa_enabled
        audit_event: id* actor_id action target ip_address occurred_at
        policy: id* name version status updated_at
        """,
        """
        device: id* serial_number model os_version owner_email last_seen_at
        finding: id* severity title asset_id status found_at
        vendor: id* name tier risk_score reviewed_at
        access_group: id* name member_count
        """,
    ),
    "BITool": (
        """
        dashboard: id* title folder_id owner_id views updated_at
        query: id* name sql owner_id last_run_at
        """,
        """
        data_source: id* name type created_at
        schedule: id* dashboard_id cron recipients
        folder: id* name parent_id
        """,
    ),
    "API": (
        """
        record: id* name category url updated_at
        observation: record_id* observed_on* value unit
        """,
        """
        category: id* name parent_id
        location: id* name latitude longitude country
        """,
    ),
    "Function": ("record: id* payload updated_at", "deletion: id* deleted_at"),
    "Events": ("event: event_id* name user_id context payload received_at", ""),
    "Log": (
        """
        log: id* time_stamp event message_event message_data sync_id
        request: request_id* method path status bytes client_ip time_stamp
        """,
        "",
    ),
    "File": ("sheet: _row* name value updated_on", ""),
    "Database": (
        """
        customers: id* email full_name phone country created_at updated_at
        orders: id* customer_id status total currency ordered_at
        order_items: order_id* line_number* product_id quantity unit_price
        products: id* sku name category price is_active
        payments: id* order_id amount method card_last4 paid_at
        """,
        """
        addresses: id* customer_id street city postcode country
        inventory: product_id* warehouse_id* quantity counted_at
        suppliers: id* name contact_email country
        employees: id* full_name work_email salary hired_on
        shipments: id* order_id carrier tracking_number shipped_at
        reviews: id* product_id customer_id rating body created_at
        """,
    ),
}

BY_SERVICE = {
    "salesforce": """
        Account: Id* Name Industry Website Phone BillingCity BillingCountry OwnerId CreatedDate
        Contact: Id* AccountId FirstName LastName Email Phone Title OwnerId CreatedDate
        Opportunity: Id* AccountId Name Amount StageName Probability CloseDate OwnerId CreatedDate
        Lead: Id* FirstName LastName Company Email Status LeadSource OwnerId CreatedDate
        Campaign: Id* Name Type Status BudgetedCost StartDate EndDate
        Task: Id* Subject Status Priority ActivityDate WhoId OwnerId
        User: Id* Username Email FirstName LastName IsActive CreatedDate
        """,
    "netsuite_suiteanalytics": """
        TRANSACTIONS: TRANSACTION_ID* ENTITY_ID TRANDATE TRANSACTION_TYPE STATUS MEMO
        TRANSACTION_LINES: TRANSACTION_ID* TRANSACTION_LINE_ID* ACCOUNT_ID ITEM_ID AMOUNT
        ACCOUNTS: ACCOUNT_ID* NAME ACCOUNTNUMBER TYPE_NAME
        CUSTOMERS: CUSTOMER_ID* NAME EMAIL CURRENCY_ID CREATE_DATE
        VENDORS: VENDOR_ID* NAME EMAIL PAYMENT_TERMS_ID
        ITEMS: ITEM_ID* NAME TYPE_NAME SALESPRICE
        """,
    "hubspot": """
        contact: id* email firstname lastname phone lifecyclestage createdate
        company: id* name domain industry country createdate
        deal: deal_id* dealname amount dealstage pipeline closedate owner_id
        deal_contact: deal_id* contact_id* type
        owner: owner_id* email first_name last_name
        email_campaign: id* name subject type
        email_event: id* campaign_id recipient type created
        """,
    "shopify": """
        customer: id* email first_name last_name phone orders_count total_spent created_at
        order: id* customer_id order_number financial_status total_price currency created_at
        order_line: id* order_id product_id variant_id quantity price
        product: id* title vendor product_type status created_at
        product_variant: id* product_id sku price inventory_quantity
        refund: id* order_id note created_at
        transaction: id* order_id kind status amount gateway created_at
        """,
    "stripe": """
        charge: id* customer_id amount currency status paid captured created
        customer: id* email name phone currency delinquent created
        invoice: id* customer_id number status total currency due_date
        invoice_line_item: id* invoice_id* amount description quantity
        subscription: id* customer_id status current_period_start current_period_end
        refund: id* charge_id amount reason status created
        payout: id* amount currency arrival_date status
        """,
    "google_ads": """
        campaign_history: id* updated_at* customer_id name status advertising_channel_type
        ad_group_history: id* updated_at* campaign_id name status type
        ad_history: ad_id* updated_at* ad_group_id type status final_urls
        campaign_stats: campaign_id* date* device* impressions clicks cost_micros conversions
        ad_group_criterion_history: id* updated_at* ad_group_id keyword_text status
        """,
    "facebook_ads": """
        account_history: id* name currency timezone_name account_status
        campaign_history: id* updated_time* account_id name objective status
        ad_set_history: id* updated_time* campaign_id name daily_budget status
        ad_history: id* updated_time* ad_set_id name creative_id status
        basic_ad: ad_id* date* impressions inline_link_clicks spend reach
        """,
    "google_analytics_4": """
        traffic_acquisition: date* session_source* session_medium* sessions engaged_sessions
        pages_path_report: date* page_path* screen_page_views users
        events_report: date* event_name* event_count total_users event_value
        demographic_country_report: date* country* active_users new_users
        """,
    "jira": """
        project: id* key name lead_id project_category_id
        issue: id* key summary status priority issue_type assignee created updated
        comment: id* issue_id author_id body created
        sprint: id* board_id name state start_date end_date
        worklog: id* issue_id author_id time_spent_seconds started
        user: id* email name is_active time_zone
        """,
    "zendesk": """
        ticket: id* subject status priority requester_id assignee_id created_at updated_at
        ticket_comment: id* ticket_id user_id body public created
        ticket_field_history: ticket_id* field_name* updated* value user_id
        user: id* name email phone role organization_id created_at
        organization: id* name details created_at
        satisfaction_rating: id* ticket_id score comment created_at
        """,
}
"""The tables of well-known services; the test and sandbox variants of a service have the same."""

VARIANTS = {
    "salesforce_sandbox": "salesforce",
    "stripe_test": "stripe",
}
