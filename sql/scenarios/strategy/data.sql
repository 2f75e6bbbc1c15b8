-- Two companies, with rows in every table.

insert into public.subscription_tiers (code, label, max_users, monthly_price_cents) values
    ('growth', 'Growth', 50, 49900),
    ('enterprise', 'Enterprise', 2000, 499000);

insert into public.tenants (id, subdomain, company_name, subscription_tier, industry) values
    ('11111111-1111-4111-8111-111111111111', 'harbor', 'Harbor Logistics', 'growth', 'shipping'),
    ('22222222-2222-4222-8222-222222222222', 'kestrel', 'Kestrel Health', 'enterprise', 'health care');

insert into public.tenant_users (id, tenant_id, email, full_name, role, external_id) values
    ('a1000000-0000-4000-8000-000000000001', '11111111-1111-4111-8111-111111111111', 'ines@harbor.example', 'Ines Duarte', 'admin', 'okta|h1'),
    ('a1000000-0000-4000-8000-000000000002', '11111111-1111-4111-8111-111111111111', 'advisor@consult.example', 'Tom Weiss', 'read_only', null),
    ('a2000000-0000-4000-8000-000000000001', '22222222-2222-4222-8222-222222222222', 'priya@kestrel.example', 'Priya Raman', 'admin', 'okta|k1'),
    ('a2000000-0000-4000-8000-000000000002', '22222222-2222-4222-8222-222222222222', 'mark@kestrel.example', 'Mark Olsen', 'member', 'okta|k2'),
    -- the same consultant works for both companies
    ('a2000000-0000-4000-8000-000000000003', '22222222-2222-4222-8222-222222222222', 'advisor@consult.example', 'Tom Weiss', 'read_only', null);

insert into public.company_contexts (id, tenant_id, version, mission, market, competitors, metrics, is_current) values
    ('b1000000-0000-4000-8000-000000000001', '11111111-1111-4111-8111-111111111111', 1, 'Every container on time', 'Iberian ports', '{"Maersk","Portline"}', '{"nps": 31}', true),
    ('b2000000-0000-4000-8000-000000000001', '22222222-2222-4222-8222-222222222222', 1, 'Clinics without waiting rooms', 'Nordics', '{"Kry"}', '{"arr_eur": 8100000}', false),
    ('b2000000-0000-4000-8000-000000000002', '22222222-2222-4222-8222-222222222222', 2, 'Clinics without waiting rooms', 'Nordics and Baltics', '{"Kry","Min Doktor"}', '{"arr_eur": 9400000}', true);

insert into public.strategic_conversations (tenant_id, user_id, context_id, title, question, answer, framework, confidence) values
    ('11111111-1111-4111-8111-111111111111', 'a1000000-0000-4000-8000-000000000001', 'b1000000-0000-4000-8000-000000000001',
     'Second terminal', 'Should we lease berth 14?', 'Only with a break clause.', 'options', 0.71),
    ('22222222-2222-4222-8222-222222222222', 'a2000000-0000-4000-8000-000000000001', 'b2000000-0000-4000-8000-000000000002',
     'Acquisition', 'Is BalticMed worth 12M?', 'At 9M, yes.', 'comparables', 0.64),
    ('22222222-2222-4222-8222-222222222222', 'a2000000-0000-4000-8000-000000000002', 'b2000000-0000-4000-8000-000000000001',
     'Pricing', 'Should nurses be free?', null, null, null);

insert into public.tenant_integrations (tenant_id, provider, account_name, credentials_encrypted, scopes) values
    ('11111111-1111-4111-8111-111111111111', 'jira', 'harbor.atlassian.example', '\x68617262', '{read}'),
    ('22222222-2222-4222-8222-222222222222', 'jira', 'kestrel.atlassian.example', '\x6b657374', '{read,write}'),
    ('22222222-2222-4222-8222-222222222222', 'slack', 'kestrel', '\x6b736c61', '{chat}');

insert into public.tenant_usage_logs (tenant_id, user_id, operation, tokens, cost_micros, duration_ms) values
    ('11111111-1111-4111-8111-111111111111', 'a1000000-0000-4000-8000-000000000001', 'conversation.ask', 1840, 9200, 4100),
    ('22222222-2222-4222-8222-222222222222', 'a2000000-0000-4000-8000-000000000001', 'conversation.ask', 9400, 47000, 12800),
    ('22222222-2222-4222-8222-222222222222', 'a2000000-0000-4000-8000-000000000002', 'context.import', 120, 600, 900);

insert into public.tenant_audit_logs (tenant_id, actor_email, action, target, ip_address) values
    ('11111111-1111-4111-8111-111111111111', 'ines@harbor.example', 'user.invited', 'advisor@consult.example', '198.51.100.20'),
    ('22222222-2222-4222-8222-222222222222', 'priya@kestrel.example', 'integration.added', 'slack', '203.0.113.9'),
    ('22222222-2222-4222-8222-222222222222', 'priya@kestrel.example', 'export.downloaded', 'conversations.csv', '203.0.113.9');
